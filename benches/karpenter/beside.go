package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	"sigs.k8s.io/karpenter/pkg/operator/options"
	"sigs.k8s.io/karpenter/pkg/test/v1alpha1"
)

// solveBeside plans all pods once beside the file's objects, through the provisioner: nodes with
// their pods, and what volumes are looked up in. The world makes its own market of the file.
func solveBeside(ctx context.Context, read *input, _ *market, pods []*corev1.Pod, chosen settings) (*solved, error) {
	ctx = settled(ctx, chosen)
	w, err := newWorld(ctx, read)
	if err != nil {
		return nil, err
	}
	for position, raw := range read.Objects {
		if err := w.take(ctx, raw); err != nil {
			return nil, fmt.Errorf("object %d: %w", position+1, err)
		}
	}
	queue := append([]*corev1.Pod(nil), pods...)
	opts := []scheduling.Options{
		scheduling.DisableReservedCapacityFallback,
		scheduling.NumConcurrentReconciles(chosen.Concurrency),
		scheduling.MinValuesPolicy(options.MinValuesPolicyStrict),
	}
	if chosen.PreferencePolicy == policyIgnore {
		opts = append(opts, scheduling.IgnorePreferences)
	}
	runtime.GC()

	start := time.Now()
	scheduler, err := w.provisioner.NewScheduler(ctx, queue, w.cluster.DeepCopyNodes().Active(), nil, opts...)
	if err != nil {
		return nil, fmt.Errorf("making a scheduler: %w", err)
	}
	setup := time.Since(start)

	bounded, cancel := limited(ctx, chosen.timeout())
	defer cancel()
	start = time.Now()
	results, err := scheduler.Solve(bounded, queue)
	took := time.Since(start)
	timedOut := errors.Is(err, context.DeadlineExceeded)
	if err != nil && !timedOut {
		return nil, fmt.Errorf("solving: %w", err)
	}
	return &solved{
		results:  results.TruncateInstanceTypes(ctx, scheduling.MaxInstanceTypes),
		pods:     pods,
		setup:    setup,
		solve:    took,
		timedOut: timedOut,
	}, nil
}

// take puts an object into the fake API server and, where Karpenter watches its kind, into what it
// knows of the cluster. A Node of a pool gets the claim that it would have.
func (w *world) take(ctx context.Context, raw []byte) error {
	decoded, _, err := scheme.Codecs.UniversalDeserializer().Decode(raw, nil, nil)
	if err != nil {
		return err
	}
	object, ok := decoded.(client.Object)
	if !ok {
		return fmt.Errorf("a %T is not an object by itself", decoded)
	}
	if node, found := object.(*corev1.Node); found {
		node.Spec.ProviderID = "exchange://" + node.Name
		if err := w.claim(ctx, node); err != nil {
			return err
		}
	}
	if pod, found := object.(*corev1.Pod); found {
		pod.UID = types.UID(pod.Namespace + "/" + pod.Name)
		pod.Status.Phase = corev1.PodRunning
	}
	if err := w.api.Create(ctx, object); err != nil {
		return err
	}
	switch known := object.(type) {
	case *corev1.Node:
		return w.cluster.UpdateNode(ctx, known)
	case *corev1.Pod:
		return w.cluster.UpdatePod(ctx, known)
	}
	return nil
}

// getVolume answers as an API server does: Karpenter names a namespace when it asks for a volume, which
// has none, and the fake would not find it.
func getVolume(ctx context.Context, api client.WithWatch, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
	if _, found := object.(*corev1.PersistentVolume); found {
		key.Namespace = ""
	}
	return api.Get(ctx, key, object, opts...)
}

// claim makes the claim of a pool's node, as the node is.
func (w *world) claim(ctx context.Context, node *corev1.Node) error {
	if node.Labels[karpv1.NodePoolLabelKey] == "" {
		return nil
	}
	claim := &karpv1.NodeClaim{ObjectMeta: metav1.ObjectMeta{Name: node.Name, UID: types.UID(node.Name), Labels: node.Labels}}
	claim.Spec.NodeClassRef = &karpv1.NodeClassReference{Group: v1alpha1.Group, Kind: "TestNodeClass", Name: "exchange"}
	claim.Spec.Taints = node.Spec.Taints
	claim.Status.ProviderID = node.Spec.ProviderID
	claim.Status.NodeName = node.Name
	claim.Status.Capacity = node.Status.Capacity
	claim.Status.Allocatable = node.Status.Allocatable
	for _, condition := range []string{karpv1.ConditionTypeLaunched, karpv1.ConditionTypeRegistered, karpv1.ConditionTypeInitialized} {
		claim.StatusConditions().SetTrue(condition)
	}
	if err := w.api.Create(ctx, claim); err != nil {
		return err
	}
	w.cluster.UpdateNodeClaim(claim)
	return nil
}

// filled are the existing nodes that pods were planned onto, in the order of their names.
func filled(read *input, once *solved, groupOf map[types.UID]int) []filledNode {
	nodes := []filledNode{}
	for _, existing := range once.results.ExistingNodes {
		if len(existing.Pods) == 0 {
			continue
		}
		node := filledNode{Name: existing.Name(), Pods: map[string]int{}}
		for _, pod := range existing.Pods {
			node.Pods[read.Pods[groupOf[pod.UID]].Name]++
		}
		nodes = append(nodes, node)
	}
	return nodes
}
