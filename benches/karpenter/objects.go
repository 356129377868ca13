package main

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/utils/daemonset"
	"sigs.k8s.io/karpenter/pkg/utils/nodepool"
)

// nodePools are the pools as objects, in the order in which Karpenter tries them.
func nodePools(read *input) []*karpv1.NodePool {
	pools := make([]*karpv1.NodePool, 0, len(read.Pools))
	for _, each := range read.Pools {
		object := &karpv1.NodePool{ObjectMeta: metav1.ObjectMeta{Name: each.Name, UID: types.UID(each.Name)}}
		object.Spec.Weight = &each.Weight
		if each.Limits != nil {
			object.Spec.Limits = karpv1.Limits(quantities(each.Limits))
		}
		object.Spec.Template.Labels = each.Labels
		object.Spec.Template.Spec.Taints = each.Taints
		object.Spec.Template.Spec.Requirements = each.Requirements
		object.Spec.Template.Spec.NodeClassRef = &karpv1.NodeClassReference{
			Group: "karpenter.k8s.aws",
			Kind:  "EC2NodeClass",
			Name:  each.NodeClass,
		}
		pools = append(pools, object)
	}
	nodepool.OrderByWeight(pools)
	return pools
}

// pendingPods are all pods of all groups, and the group of each by UID.
//
// Karpenter takes pods of equal CPU and memory by age and then by UID. Here all are of one age, and
// the UIDs count up, so that ties go in file order.
func pendingPods(read *input) ([]*corev1.Pod, map[types.UID]int) {
	var pods []*corev1.Pod
	groupOf := map[types.UID]int{}
	for index, group := range read.Pods {
		for number := range group.Count {
			uid := types.UID(fmt.Sprintf("%012d", len(pods)))
			groupOf[uid] = index
			pods = append(pods, &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{
					Name:      fmt.Sprintf("%s-%d", group.Name, number),
					Namespace: orDefault(group.Namespace),
					UID:       uid,
					Labels:    group.Labels,
				},
				Spec:   *group.Spec.DeepCopy(),
				Status: corev1.PodStatus{Phase: corev1.PodPending},
			})
		}
	}
	return pods, groupOf
}

// daemonPods are the pods that run on each node they match. Karpenter changes them while it plans,
// so each solve needs its own.
func daemonPods(read *input) []*corev1.Pod {
	pods := make([]*corev1.Pod, 0, len(read.DaemonSets))
	for _, each := range read.DaemonSets {
		object := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: each.Name, Namespace: orDefault(each.Namespace)}}
		object.Spec.Template.Spec = *each.Spec.DeepCopy()
		pod := daemonset.PodForDaemonSet(object)
		pod.Labels = each.Labels
		pods = append(pods, pod)
	}
	return pods
}

// clusterObjects are what the fake API server holds.
func clusterObjects(read *input) []client.Object {
	var objects []client.Object
	for _, each := range read.Namespaces {
		objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: each.Name, Labels: each.Labels}})
	}
	hasDefault := slices.ContainsFunc(read.Namespaces, func(each namespace) bool { return each.Name == metav1.NamespaceDefault })
	if !hasDefault {
		objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: metav1.NamespaceDefault}})
	}
	return objects
}

func orDefault(name string) string {
	if name == "" {
		return metav1.NamespaceDefault
	}
	return name
}
