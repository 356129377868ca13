// Command karpenter-peer plans the pods of one exported file with Karpenter's own scheduler and
// says what the nodes cost, so that the answer can stand beside Stowage's.
//
// It reads the file described in docs/side-by-side.md and writes the result described there. No
// cluster, cloud account or credentials are used: the API server is a fake without objects but
// namespaces, and instance types, prices and pods are those of the file.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

// settings are the choices that are not part of the exported file.
type settings struct {
	PreferencePolicy string  `json:"preferencePolicy"`
	Repeats          int     `json:"repeats"`
	TimeoutSeconds   float64 `json:"timeoutSeconds"`
	Concurrency      int     `json:"concurrency"`
	Consolidate      bool    `json:"consolidate"`
	Grow             bool    `json:"grow"`
}

func (chosen settings) timeout() time.Duration {
	return time.Duration(chosen.TimeoutSeconds * float64(time.Second))
}

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	chosen, path, err := parse(args)
	if err != nil {
		return err
	}
	file, err := readInput(path, stdin)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	result, err := answer(ctx, file, chosen)
	if err != nil {
		return fmt.Errorf("planning %s: %w", path, err)
	}
	encoder := json.NewEncoder(stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(result); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// answer plans the file's pods, consolidates its nodes, or grows a fleet batch by batch.
func answer(ctx context.Context, file *input, chosen settings) (any, error) {
	switch {
	case chosen.Grow:
		return grow(ctx, file, chosen)
	case chosen.Consolidate:
		return consolidate(ctx, file, chosen)
	}
	return measure(ctx, file, chosen)
}

func parse(args []string) (settings, string, error) {
	flags := flag.NewFlagSet("karpenter-peer", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: karpenter-peer [options] FILE   (- reads standard input)")
		flags.PrintDefaults()
	}
	policy := flags.String("preference-policy", policyRespect,
		"how preferences are treated: Respect or Ignore")
	repeats := flags.Int("repeats", 1, "how often the whole solve is run and timed")
	timeout := flags.Duration("timeout", 0,
		"cut each solve after this time, such as 1m, which is Karpenter's own; 0 never cuts")
	concurrency := flags.Int("concurrency", 1,
		"how many candidate nodes are tried at once; Karpenter takes one per requested core, by default 1")
	consolidates := flags.Bool("consolidate", false,
		"run the disruption methods on the file's nodes until they rest, instead of planning its pods")
	grows := flags.Bool("grow", false,
		"let the file's batches arrive one after another and say what runs then, instead of planning its pods")
	if err := flags.Parse(args); err != nil {
		return settings{}, "", fmt.Errorf("reading the options: %w", err)
	}
	chosen := settings{
		PreferencePolicy: *policy,
		Repeats:          *repeats,
		TimeoutSeconds:   timeout.Seconds(),
		Concurrency:      *concurrency,
		Consolidate:      *consolidates,
		Grow:             *grows,
	}
	switch {
	case flags.NArg() != 1:
		return settings{}, "", fmt.Errorf("expected one FILE, got %d arguments", flags.NArg())
	case *policy != policyRespect && *policy != policyIgnore:
		return settings{}, "", fmt.Errorf("--preference-policy is %q: give %s or %s", *policy, policyRespect, policyIgnore)
	case *repeats < 1:
		return settings{}, "", fmt.Errorf("--repeats is %d: give at least 1", *repeats)
	case *timeout < 0:
		return settings{}, "", fmt.Errorf("--timeout is %s: give a positive time, or 0 for none", *timeout)
	case *consolidates && *grows:
		return settings{}, "", errors.New("--consolidate and --grow: give one of them")
	case *concurrency < 1:
		return settings{}, "", fmt.Errorf("--concurrency is %d: give at least 1", *concurrency)
	}
	return chosen, flags.Arg(0), nil
}
