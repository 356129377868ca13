package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	"sigs.k8s.io/karpenter/pkg/operator/options"
)

// grown is the fleet that Karpenter's provisioner bought for pods that arrived batch by batch.
type grown struct {
	Version             int            `json:"version"`
	Peer                peer           `json:"peer"`
	Settings            settings       `json:"settings"`
	CostPerHourMicroUSD int64          `json:"costPerHourMicroUsd"`
	Seconds             float64        `json:"seconds"`
	Unscheduled         int            `json:"unscheduled"`
	Nodes               []existingNode `json:"nodes"`
}

// grow lets the file's batches arrive one after another: each is planned with what runs already, its
// nodes join at their cheapest, and its pods are bound where they were planned.
func grow(ctx context.Context, read *input, chosen settings) (*grown, error) {
	ctx = settled(ctx, chosen)
	w, err := newWorld(ctx, read)
	if err != nil {
		return nil, err
	}
	answer := &grown{Version: formatVersion, Peer: karpenter(), Settings: chosen}
	groups := w.groups()
	for number, batch := range read.Batches {
		var arriving []*corev1.Pod
		for _, name := range slices.Sorted(maps.Keys(batch)) {
			for range batch[name] {
				pod := w.pod(groups[name])
				pod.Status.Phase = corev1.PodPending
				if err := w.api.Create(ctx, pod); err != nil {
					return nil, fmt.Errorf("pod %q: %w", pod.Name, err)
				}
				arriving = append(arriving, pod)
			}
		}
		start := time.Now()
		results, err := w.provision(ctx, arriving)
		answer.Seconds += time.Since(start).Seconds()
		if err != nil {
			return nil, fmt.Errorf("batch %d: %w", number+1, err)
		}
		answer.Unscheduled += len(results.PodErrors)
		if err := w.settleIn(ctx, results.ExistingNodes, results.NewNodeClaims); err != nil {
			return nil, fmt.Errorf("batch %d: %w", number+1, err)
		}
	}
	answer.CostPerHourMicroUSD = w.figures().CostPerHourMicroUSD
	answer.Nodes, err = w.running(ctx)
	return answer, err
}

// provision plans arriving pods beside what runs, as the provisioner does.
func (w *world) provision(ctx context.Context, arriving []*corev1.Pod) (scheduling.Results, error) {
	nodes := w.cluster.DeepCopyNodes()
	scheduler, err := w.provisioner.NewScheduler(ctx, arriving, nodes.Active(), nil,
		scheduling.DisableReservedCapacityFallback,
		scheduling.NumConcurrentReconciles(1),
		scheduling.MinValuesPolicy(options.MinValuesPolicyStrict))
	if err != nil {
		return scheduling.Results{}, err
	}
	results, err := scheduler.Solve(ctx, arriving)
	if err != nil {
		return scheduling.Results{}, err
	}
	return results.TruncateInstanceTypes(ctx, scheduling.MaxInstanceTypes), nil
}

// running is every node with how many pods of each group run on it, in the order of their names.
func (w *world) running(ctx context.Context) ([]existingNode, error) {
	pods := &corev1.PodList{}
	if err := w.api.List(ctx, pods); err != nil {
		return nil, fmt.Errorf("listing pods: %w", err)
	}
	for _, pod := range pods.Items {
		if node, found := w.nodes[pod.Spec.NodeName]; found {
			node.Pods[w.groupOf[pod.Name]]++
		}
	}
	nodes := make([]existingNode, 0, len(w.nodes))
	for _, name := range slices.Sorted(maps.Keys(w.nodes)) {
		nodes = append(nodes, *w.nodes[name])
	}
	return nodes, nil
}
