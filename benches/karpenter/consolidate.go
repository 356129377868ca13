package main

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"time"

	"github.com/awslabs/operatorpkg/status"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/controllers/disruption"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	"sigs.k8s.io/karpenter/pkg/controllers/state"
	"sigs.k8s.io/karpenter/pkg/test/v1alpha1"
)

// passesMax ends a run that does not come to rest.
const passesMax = 2000

// consolidated is what Karpenter's disruption methods made of a fleet.
type consolidated struct {
	Version  int      `json:"version"`
	Peer     peer     `json:"peer"`
	Settings settings `json:"settings"`
	// Start is the fleet as it was given, OnePass after the first command, Rest when none followed.
	Start   fleetFigures `json:"start"`
	OnePass fleetFigures `json:"onePass"`
	Rest    fleetFigures `json:"rest"`
	// Commands is how many were carried out, Seconds how long it took to find them all and to find
	// that there are no more.
	Commands     int     `json:"commands"`
	FirstSeconds float64 `json:"firstSeconds"`
	Seconds      float64 `json:"seconds"`
	AtRest       bool    `json:"atRest"`
	// Curve is the fleet after each command.
	Curve []fleetFigures `json:"curve"`
}

type fleetFigures struct {
	CostPerHourMicroUSD int64 `json:"costPerHourMicroUsd"`
	Nodes               int   `json:"nodes"`
	Evictions           int   `json:"evictions"`
}

// agreed validates every command at once: nothing changes while the methods compute, so Karpenter's
// wait of 15 s and second look would only add to the time.
type agreed struct{}

func (agreed) Validate(_ context.Context, command disruption.Command, _ time.Duration) (disruption.Command, error) {
	return command, nil
}

// seller is the cloud provider: it sells the file's instance types, and nothing else is asked of it.
type seller struct {
	sold    *market
	classOf map[string]string
}

func (s seller) GetInstanceTypes(_ context.Context, pool *karpv1.NodePool) ([]*cloudprovider.InstanceType, error) {
	return s.sold.typesOf(s.classOf[pool.Name]), nil
}

func (seller) Create(context.Context, *karpv1.NodeClaim) (*karpv1.NodeClaim, error) {
	return nil, fmt.Errorf("nothing is launched here")
}
func (seller) Delete(context.Context, *karpv1.NodeClaim) error         { return nil }
func (seller) Get(context.Context, string) (*karpv1.NodeClaim, error)  { return nil, nil }
func (seller) List(context.Context) ([]*karpv1.NodeClaim, error)       { return nil, nil }
func (seller) Reboot(context.Context, *karpv1.NodeClaim, string) error { return nil }
func (seller) RepairPolicies() []cloudprovider.RepairPolicy            { return nil }
func (seller) Name() string                                            { return "exchange" }
func (seller) GetSupportedNodeClasses() []status.Object {
	return []status.Object{&v1alpha1.TestNodeClass{}}
}
func (seller) IsDrifted(context.Context, *karpv1.NodeClaim) (cloudprovider.DriftReason, error) {
	return "", nil
}

// world is a cluster in the fake API server, with what Karpenter knows of it.
type world struct {
	read        *input
	cloud       seller
	api         client.Client
	cluster     *state.Cluster
	provisioner *provisioning.Provisioner
	queue       *disruption.Queue
	methods     []disruption.Method
	prices      map[string]int64
	// nodes are those that are there, without their pods, and groupOf the group of each pod, by name.
	nodes     map[string]*existingNode
	groupOf   map[string]string
	made      map[string]int
	evictions int
	named     int
}

// consolidate runs Karpenter's emptiness, multi-node and single-node methods, in this order and one
// command after another, until none of them finds any.
func consolidate(ctx context.Context, read *input, chosen settings) (*consolidated, error) {
	ctx = settled(ctx, chosen)
	w, err := newWorld(ctx, read)
	if err != nil {
		return nil, err
	}
	answer := &consolidated{Version: formatVersion, Peer: karpenter(), Settings: chosen, Start: w.figures()}
	for range passesMax {
		runtime.GC()
		start := time.Now()
		command, err := w.next(ctx)
		took := time.Since(start).Seconds()
		answer.Seconds += took
		if answer.Commands == 0 {
			answer.FirstSeconds = took
		}
		if err != nil {
			return nil, err
		}
		if command == nil {
			answer.AtRest = true
			break
		}
		if err := w.carryOut(ctx, *command); err != nil {
			return nil, err
		}
		answer.Commands++
		answer.Curve = append(answer.Curve, w.figures())
		if answer.Commands == 1 {
			answer.OnePass = w.figures()
		}
	}
	answer.Rest = w.figures()
	if answer.Commands == 0 {
		answer.OnePass = answer.Rest
	}
	return answer, nil
}

func newWorld(ctx context.Context, read *input) (*world, error) {
	sold := newMarket(read)
	sold.teachLabels()
	w := &world{
		read:    read,
		cloud:   seller{sold: sold, classOf: map[string]string{}},
		prices:  map[string]int64{},
		nodes:   map[string]*existingNode{},
		groupOf: map[string]string{},
		made:    map[string]int{},
	}
	objects := clusterObjects(read)
	for _, each := range read.Pools {
		w.cloud.classOf[each.Name] = each.NodeClass
	}
	for _, pool := range nodePools(read) {
		settle(pool)
		objects = append(objects, pool)
	}
	for _, each := range read.DaemonSets {
		set := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: each.Name, Namespace: orDefault(each.Namespace)}}
		set.Spec.Template.Labels = each.Labels
		set.Spec.Template.Spec = *each.Spec.DeepCopy()
		objects = append(objects, set)
	}
	w.api = fake.NewClientBuilder().WithObjects(objects...).
		WithInterceptorFuncs(interceptor.Funcs{Get: getVolume}).
		WithIndex(&corev1.Pod{}, "spec.nodeName", func(object client.Object) []string {
			return []string{object.(*corev1.Pod).Spec.NodeName}
		}).Build()
	wall := clock.RealClock{}
	w.cluster = state.NewCluster(wall, w.api, w.cloud)
	w.provisioner = provisioning.NewProvisioner(w.api, silence{}, w.cloud, w.cluster, wall, nil, nil)
	w.queue = disruption.NewQueue(w.api, silence{}, w.cluster, wall, w.provisioner)
	base := disruption.MakeConsolidation(wall, w.cluster, w.api, w.provisioner, w.cloud, silence{}, w.queue)
	w.methods = []disruption.Method{
		disruption.NewEmptiness(base, disruption.WithValidator(agreed{})),
		disruption.NewMultiNodeConsolidation(base, disruption.WithValidator(agreed{})),
		disruption.NewSingleNodeConsolidation(base, disruption.WithValidator(agreed{})),
	}
	return w, w.populate(ctx)
}

// settle gives a pool no budget that limits, no time of quiet, and the node class that the provider
// knows; the file's own class is found by the pool's name.
func settle(pool *karpv1.NodePool) {
	after := karpv1.MustParseNillableDuration("0s")
	pool.Spec.Disruption.ConsolidateAfter = after
	pool.Spec.Disruption.ConsolidationPolicy = karpv1.ConsolidationPolicyWhenEmptyOrUnderutilized
	pool.Spec.Disruption.Budgets = []karpv1.Budget{{Nodes: "100%"}}
	pool.Spec.Template.Spec.NodeClassRef = &karpv1.NodeClassReference{
		Group: v1alpha1.Group,
		Kind:  "TestNodeClass",
		Name:  "exchange",
	}
	pool.StatusConditions().SetTrue(karpv1.ConditionTypeValidationSucceeded)
	pool.StatusConditions().SetTrue(karpv1.ConditionTypeNodeClassReady)
}

// populate makes the file's nodes and binds its pods to them.
func (w *world) populate(ctx context.Context) error {
	groups := w.groups()
	for _, each := range w.read.Nodes {
		typed, offered, err := w.offering(each.Pool, each.InstanceType, each.Zone, each.CapacityType)
		if err != nil {
			return fmt.Errorf("node %q: %w", each.Name, err)
		}
		if err := w.join(ctx, each.Name, each.Pool, typed, offered); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(each.Pods)) {
			for range each.Pods[name] {
				pod := w.pod(groups[name])
				pod.Spec.NodeName = each.Name
				if err := w.api.Create(ctx, pod); err != nil {
					return fmt.Errorf("pod %q: %w", pod.Name, err)
				}
				if err := w.cluster.UpdatePod(ctx, pod); err != nil {
					return fmt.Errorf("pod %q: %w", pod.Name, err)
				}
			}
		}
	}
	return nil
}

func (w *world) groups() map[string]podGroup {
	groups := map[string]podGroup{}
	for _, group := range w.read.Pods {
		groups[group.Name] = group
	}
	return groups
}

// pod is the next pod of a group, bound nowhere.
func (w *world) pod(group podGroup) *corev1.Pod {
	w.made[group.Name]++
	name := fmt.Sprintf("%s-%d", group.Name, w.made[group.Name])
	w.groupOf[name] = group.Name
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:      name,
			Namespace: orDefault(group.Namespace),
			UID:       types.UID(name),
			Labels:    group.Labels,
		},
		Spec:   *group.Spec.DeepCopy(),
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
}

func (w *world) offering(pool, name, zone, capacityType string) (*cloudprovider.InstanceType, *cloudprovider.Offering, error) {
	for _, typed := range w.cloud.sold.typesOf(w.cloud.classOf[pool]) {
		if typed.Name != name {
			continue
		}
		for _, offered := range typed.Offerings {
			if offered.Zone() == zone && offered.CapacityType() == capacityType {
				return typed, offered, nil
			}
		}
	}
	return nil, nil, fmt.Errorf("pool %q has no %s offering of %s in %s", pool, capacityType, name, zone)
}

// join makes a claim and its initialized Node.
func (w *world) join(ctx context.Context, name, poolName string, typed *cloudprovider.InstanceType, offered *cloudprovider.Offering) error {
	labels := map[string]string{}
	for key, requirement := range typed.Requirements {
		if values := requirement.Values(); requirement.Operator() == corev1.NodeSelectorOpIn && len(values) == 1 {
			labels[key] = values[0]
		}
	}
	var template *pool
	for position := range w.read.Pools {
		if w.read.Pools[position].Name == poolName {
			template = &w.read.Pools[position]
		}
	}
	if template == nil {
		return fmt.Errorf("node %q: pool %q is not in pools", name, poolName)
	}
	maps.Copy(labels, template.Labels)
	for key, requirement := range offered.Requirements {
		labels[key] = requirement.Any()
	}
	labels[corev1.LabelInstanceTypeStable] = typed.Name
	labels[corev1.LabelHostname] = name
	labels[karpv1.NodePoolLabelKey] = poolName
	labels[karpv1.NodeRegisteredLabelKey] = "true"
	labels[karpv1.NodeInitializedLabelKey] = "true"
	id := "exchange://" + name
	claim := &karpv1.NodeClaim{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), Labels: labels}}
	claim.Spec.NodeClassRef = &karpv1.NodeClassReference{Group: v1alpha1.Group, Kind: "TestNodeClass", Name: "exchange"}
	claim.Spec.Taints = template.Taints
	claim.Status.ProviderID = id
	claim.Status.NodeName = name
	claim.Status.Capacity = typed.Capacity
	claim.Status.Allocatable = typed.Allocatable()
	for _, condition := range []string{karpv1.ConditionTypeLaunched, karpv1.ConditionTypeRegistered,
		karpv1.ConditionTypeInitialized, karpv1.ConditionTypeConsolidatable} {
		claim.StatusConditions().SetTrue(condition)
	}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	node.Spec.ProviderID = id
	node.Spec.Taints = template.Taints
	node.Status.Capacity = typed.Capacity
	node.Status.Allocatable = typed.Allocatable()
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	if err := w.api.Create(ctx, claim); err != nil {
		return fmt.Errorf("claim %q: %w", name, err)
	}
	if err := w.api.Create(ctx, node); err != nil {
		return fmt.Errorf("node %q: %w", name, err)
	}
	w.cluster.UpdateNodeClaim(claim)
	if err := w.cluster.UpdateNode(ctx, node); err != nil {
		return fmt.Errorf("node %q: %w", name, err)
	}
	w.prices[name] = microUSD(offered)
	w.nodes[name] = &existingNode{
		Name:         name,
		Pool:         poolName,
		InstanceType: typed.Name,
		Zone:         offered.Zone(),
		CapacityType: offered.CapacityType(),
		Pods:         map[string]int{},
	}
	return nil
}

// next is the first command that any method finds, or nil.
func (w *world) next(ctx context.Context) (*disruption.Command, error) {
	wall := clock.RealClock{}
	for _, method := range w.methods {
		candidates, err := disruption.GetCandidates(ctx, w.cluster, w.api, silence{}, wall, w.cloud,
			method.ShouldDisrupt, method.Class(), w.queue)
		if err != nil {
			return nil, fmt.Errorf("finding candidates: %w", err)
		}
		budgets, err := disruption.BuildDisruptionBudgetMapping(ctx, w.cluster, wall, w.api, w.cloud, silence{}, method.Reason())
		if err != nil {
			return nil, fmt.Errorf("counting budgets: %w", err)
		}
		commands, err := method.ComputeCommands(ctx, budgets, candidates...)
		if err != nil {
			return nil, fmt.Errorf("computing commands: %w", err)
		}
		for _, command := range commands {
			if len(command.Candidates) > 0 {
				return &command, nil
			}
		}
	}
	return nil, nil
}

// carryOut takes the command's nodes out at once, buys its replacements at their cheapest, and binds
// the pods where the simulation put them.
func (w *world) carryOut(ctx context.Context, command disruption.Command) error {
	for _, candidate := range command.Candidates {
		name := candidate.Name()
		if err := w.api.Delete(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			return fmt.Errorf("deleting node %q: %w", name, err)
		}
		if err := w.api.Delete(ctx, &karpv1.NodeClaim{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			return fmt.Errorf("deleting claim %q: %w", name, err)
		}
		w.cluster.DeleteNodeClaim(name)
		w.cluster.DeleteNode(name)
		delete(w.prices, name)
		delete(w.nodes, name)
	}
	replacements := make([]*scheduling.NodeClaim, 0, len(command.Replacements))
	for _, replacement := range command.Replacements {
		replacements = append(replacements, replacement.NodeClaim)
	}
	if err := w.settleIn(ctx, command.Results.ExistingNodes, replacements); err != nil {
		return err
	}
	w.cluster.MarkUnconsolidated()
	return nil
}

// settleIn buys new nodes at their cheapest and binds pods where they were planned.
func (w *world) settleIn(ctx context.Context, existing []*scheduling.ExistingNode, claims []*scheduling.NodeClaim) error {
	for _, node := range existing {
		for _, pod := range node.Pods {
			if err := w.bind(ctx, pod, node.Name()); err != nil {
				return err
			}
		}
	}
	for _, claim := range claims {
		chosen, found := cheapest(claim)
		if !found {
			return fmt.Errorf("a new node of pool %q has no offering left", claim.NodePoolName)
		}
		typed, offered, err := w.offering(chosen.Pool, chosen.InstanceType, chosen.Zone, chosen.CapacityType)
		if err != nil {
			return err
		}
		w.named++
		name := fmt.Sprintf("new-%04d", w.named)
		if err := w.join(ctx, name, chosen.Pool, typed, offered); err != nil {
			return err
		}
		for _, pod := range claim.Pods {
			if err := w.bind(ctx, pod, name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) bind(ctx context.Context, moved *corev1.Pod, node string) error {
	pod := &corev1.Pod{}
	if err := w.api.Get(ctx, client.ObjectKeyFromObject(moved), pod); err != nil {
		return fmt.Errorf("pod %q: %w", moved.Name, err)
	}
	pod.Spec.NodeName = node
	pod.Status.Phase = corev1.PodRunning
	if err := w.api.Update(ctx, pod); err != nil {
		return fmt.Errorf("binding pod %q: %w", pod.Name, err)
	}
	if err := w.cluster.UpdatePod(ctx, pod); err != nil {
		return fmt.Errorf("binding pod %q: %w", pod.Name, err)
	}
	w.evictions++
	return nil
}

func (w *world) figures() fleetFigures {
	figures := fleetFigures{Nodes: len(w.prices), Evictions: w.evictions}
	for _, price := range w.prices {
		figures.CostPerHourMicroUSD += price
	}
	return figures
}
