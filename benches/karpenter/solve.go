package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	"sigs.k8s.io/karpenter/pkg/controllers/state"
	"sigs.k8s.io/karpenter/pkg/events"
	"sigs.k8s.io/karpenter/pkg/operator/injection"
	"sigs.k8s.io/karpenter/pkg/operator/options"
)

const (
	policyRespect = string(options.PreferencePolicyRespect)
	policyIgnore  = string(options.PreferencePolicyIgnore)
)

// silence takes the events that have no API server to go to.
type silence struct{}

func (silence) Publish(...events.Event) {}

// solved is one run of the scheduler.
type solved struct {
	results  scheduling.Results
	pods     []*corev1.Pod
	setup    time.Duration
	solve    time.Duration
	timedOut bool
}

// solve plans all pods once, from nothing, in one pass, as the provisioner does for a cluster
// without nodes.
func solve(ctx context.Context, read *input, sold *market, pods []*corev1.Pod, chosen settings) (*solved, error) {
	ctx = settled(ctx, chosen)
	pools := nodePools(read)
	daemons := daemonPods(read)
	types := map[string][]*cloudprovider.InstanceType{}
	for _, each := range pools {
		types[each.Name] = sold.typesOf(each.Spec.Template.Spec.NodeClassRef.Name)
	}
	api := fake.NewClientBuilder().WithObjects(clusterObjects(read)...).Build()
	wall := clock.RealClock{}
	// There is no node to ask a cloud provider about, hence none.
	cluster := state.NewCluster(wall, api, nil)
	// The scheduler reorders the list it is given.
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
	topology, err := scheduling.NewTopology(ctx, api, cluster, nil, pools, types, queue, opts...)
	if err != nil {
		return nil, fmt.Errorf("counting topology domains: %w", err)
	}
	scheduler := scheduling.NewScheduler(ctx, api, pools, cluster, nil, topology, types, daemons,
		silence{}, wall, nil, nil, opts...)
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

// settled carries Karpenter's own settings, at their defaults but for the preference policy.
func settled(ctx context.Context, chosen settings) context.Context {
	log.SetLogger(logr.Discard())
	ctx = injection.WithControllerName(ctx, "provisioner")
	return options.ToContext(ctx, &options.Options{
		PreferencePolicy:  options.PreferencePolicy(chosen.PreferencePolicy),
		MinValuesPolicy:   options.MinValuesPolicyStrict,
		IgnoreDRARequests: true,
		FeatureGates:      options.FeatureGates{ReservedCapacity: true},
	})
}

func limited(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, timeout)
}
