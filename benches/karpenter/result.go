package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
)

const karpenterModule = "sigs.k8s.io/karpenter"

// result is what is written. docs/side-by-side.md says what each field means.
type result struct {
	Version             int             `json:"version"`
	Peer                peer            `json:"peer"`
	Settings            settings        `json:"settings"`
	Runs                []measuredRun   `json:"runs"`
	CostPerHourMicroUSD int64           `json:"costPerHourMicroUsd"`
	PodsPlaced          int             `json:"podsPlaced"`
	Nodes               []plannedNode   `json:"nodes"`
	Existing            []filledNode    `json:"existing"`
	Unscheduled         []unplacedGroup `json:"unscheduled"`
}

type peer struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Go      string `json:"go"`
}

// karpenter is the module that this program runs.
func karpenter() peer {
	return peer{Name: karpenterModule, Version: moduleVersion(karpenterModule), Go: runtime.Version()}
}

type measuredRun struct {
	SetupSeconds        float64 `json:"setupSeconds"`
	SolveSeconds        float64 `json:"solveSeconds"`
	TimedOut            bool    `json:"timedOut"`
	CostPerHourMicroUSD int64   `json:"costPerHourMicroUsd"`
	Nodes               int     `json:"nodes"`
	PodsPlaced          int     `json:"podsPlaced"`
}

type plannedNode struct {
	Pool          string         `json:"pool"`
	InstanceType  string         `json:"instanceType"`
	Zone          string         `json:"zone"`
	CapacityType  string         `json:"capacityType"`
	PriceMicroUSD int64          `json:"priceMicroUsd"`
	Alternatives  int            `json:"instanceTypesLeft"`
	Pods          map[string]int `json:"pods"`
}

// filledNode is a node that was there, with the pods that were planned onto it.
type filledNode struct {
	Name string         `json:"name"`
	Pods map[string]int `json:"pods"`
}

type unplacedGroup struct {
	Group string `json:"group"`
	Count int    `json:"count"`
	Error string `json:"error"`
}

// measure solves as often as asked and reports the plan of the first run and the times of all.
func measure(ctx context.Context, read *input, chosen settings) (*result, error) {
	sold := newMarket(read)
	sold.teachLabels()
	pods, groupOf := pendingPods(read)
	answer := &result{
		Version:  formatVersion,
		Peer:     karpenter(),
		Settings: chosen,
	}
	for repeat := range chosen.Repeats {
		plan := solve
		if len(read.Objects) > 0 {
			plan = solveBeside
		}
		once, err := plan(ctx, read, sold, pods, chosen)
		if err != nil {
			return nil, fmt.Errorf("run %d: %w", repeat+1, err)
		}
		nodes, err := priced(read, once, groupOf)
		if err != nil {
			return nil, fmt.Errorf("run %d: %w", repeat+1, err)
		}
		placed := 0
		for _, claim := range once.results.NewNodeClaims {
			placed += len(claim.Pods)
		}
		for _, existing := range once.results.ExistingNodes {
			placed += len(existing.Pods)
		}
		answer.Runs = append(answer.Runs, measuredRun{
			SetupSeconds:        once.setup.Seconds(),
			SolveSeconds:        once.solve.Seconds(),
			TimedOut:            once.timedOut,
			CostPerHourMicroUSD: bill(nodes),
			Nodes:               len(nodes),
			PodsPlaced:          placed,
		})
		if repeat == 0 {
			answer.Nodes, answer.CostPerHourMicroUSD, answer.PodsPlaced = nodes, bill(nodes), placed
			answer.Existing = filled(read, once, groupOf)
			answer.Unscheduled = unplaced(read, once, groupOf)
		}
	}
	return answer, nil
}

// priced takes each claim at the cheapest offering that is left to it.
func priced(read *input, once *solved, groupOf map[types.UID]int) ([]plannedNode, error) {
	nodes := make([]plannedNode, 0, len(once.results.NewNodeClaims))
	for _, claim := range once.results.NewNodeClaims {
		node, found := cheapest(claim)
		if !found {
			return nil, fmt.Errorf("a node of pool %q with %d pods has no offering left: the scheduler should have refused it", claim.NodePoolName, len(claim.Pods))
		}
		for _, pod := range claim.Pods {
			node.Pods[read.Pods[groupOf[pod.UID]].Name]++
		}
		nodes = append(nodes, node)
	}
	slices.SortStableFunc(nodes, func(a, b plannedNode) int {
		return cmp.Or(cmp.Compare(b.PriceMicroUSD, a.PriceMicroUSD), byName(a, b))
	})
	return nodes, nil
}

func cheapest(claim *scheduling.NodeClaim) (plannedNode, bool) {
	best, found := plannedNode{}, false
	for _, each := range claim.InstanceTypeOptions {
		for _, offered := range each.Offerings.Launchable().Compatible(claim.Requirements) {
			node := plannedNode{
				Pool:          claim.NodePoolName,
				InstanceType:  each.Name,
				Zone:          offered.Zone(),
				CapacityType:  offered.CapacityType(),
				PriceMicroUSD: microUSD(offered),
			}
			closer := cmp.Or(cmp.Compare(node.PriceMicroUSD, best.PriceMicroUSD), byName(node, best))
			if !found || closer < 0 {
				best, found = node, true
			}
		}
	}
	best.Alternatives = len(claim.InstanceTypeOptions)
	best.Pods = map[string]int{}
	return best, found
}

func microUSD(offered *cloudprovider.Offering) int64 {
	return int64(math.Round(offered.Price * microPerUSD))
}

func byName(a, b plannedNode) int {
	return cmp.Or(
		strings.Compare(a.Pool, b.Pool),
		strings.Compare(a.InstanceType, b.InstanceType),
		strings.Compare(a.Zone, b.Zone),
		strings.Compare(a.CapacityType, b.CapacityType),
	)
}

func bill(nodes []plannedNode) int64 {
	sum := int64(0)
	for _, node := range nodes {
		sum += node.PriceMicroUSD
	}
	return sum
}

// errNotTried stands for the pods that were still waiting when the time ran out.
var errNotTried = errors.New("not tried before the timeout")

// unplaced counts the pods without a node by group and by what the scheduler said.
func unplaced(read *input, once *solved, groupOf map[types.UID]int) []unplacedGroup {
	placed := map[types.UID]bool{}
	for _, claim := range once.results.NewNodeClaims {
		for _, pod := range claim.Pods {
			placed[pod.UID] = true
		}
	}
	for _, existing := range once.results.ExistingNodes {
		for _, pod := range existing.Pods {
			placed[pod.UID] = true
		}
	}
	said := map[types.UID]error{}
	for pod, err := range once.results.PodErrors {
		said[pod.UID] = err
	}
	groups := []unplacedGroup{}
	position := map[unplacedGroup]int{}
	for _, pod := range once.pods {
		if placed[pod.UID] {
			continue
		}
		key := unplacedGroup{Group: read.Pods[groupOf[pod.UID]].Name, Error: errorOf(pod, said)}
		at, seen := position[key]
		if !seen {
			at = len(groups)
			position[key] = at
			groups = append(groups, key)
		}
		groups[at].Count++
	}
	return groups
}

func errorOf(pod *corev1.Pod, said map[types.UID]error) string {
	if err := said[pod.UID]; err != nil {
		return err.Error()
	}
	return errNotTried.Error()
}

func moduleVersion(path string) string {
	built, found := debug.ReadBuildInfo()
	if !found {
		return "unknown"
	}
	for _, module := range built.Deps {
		if module.Path == path {
			return module.Version
		}
	}
	return "unknown"
}
