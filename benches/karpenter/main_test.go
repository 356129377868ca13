package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// planned runs the program on the file and returns what it wrote.
func planned(t *testing.T, args ...string) result {
	t.Helper()
	var written bytes.Buffer
	if err := run(context.Background(), args, nil, &written); err != nil {
		t.Fatal(err)
	}
	var read result
	if err := json.Unmarshal(written.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// The web pods spread over two zones and leave 400m a node to the agent: one fits an m9.large, the
// only type sold in both zones. Two share the 2xlarge of test-1a, as Karpenter fills nodes first.
// The spot price and the unavailable offering are lower and must not be taken.
func TestSmallFileIsPricedAtTheCheapestOfferingLeft(t *testing.T) {
	for _, policy := range []string{policyRespect, policyIgnore} {
		got := planned(t, "--preference-policy", policy, "--repeats", "2", "testdata/small.json")
		if got.CostPerHourMicroUSD != 1_800_000 || got.PodsPlaced != 5 {
			t.Errorf("%s: cost %d, %d pods placed", policy, got.CostPerHourMicroUSD, got.PodsPlaced)
		}
		var types []string
		for _, node := range got.Nodes {
			types = append(types, node.Zone+" "+node.InstanceType)
		}
		want := "test-1b g9.xlarge, test-1a m9.2xlarge, test-1b m9.large, test-1b m9.large"
		if strings.Join(types, ", ") != want {
			t.Errorf("%s: nodes %q, want %q", policy, types, want)
		}
		if len(got.Runs) != 2 || got.Runs[0].CostPerHourMicroUSD != got.Runs[1].CostPerHourMicroUSD {
			t.Errorf("%s: runs %+v", policy, got.Runs)
		}
		if len(got.Unscheduled) != 1 || got.Unscheduled[0].Count != 2 || !strings.Contains(got.Unscheduled[0].Error, "did not tolerate taint") {
			t.Errorf("%s: unscheduled %+v", policy, got.Unscheduled)
		}
		if got.Peer.Version == "" || got.Settings.TimeoutSeconds != 0 {
			t.Errorf("%s: peer %+v, settings %+v", policy, got.Peer, got.Settings)
		}
	}
}

func TestPodsThatTheTimeoutCutsOffAreNotLost(t *testing.T) {
	got := planned(t, "--timeout", "1ns", "testdata/small.json")
	if !got.Runs[0].TimedOut || got.PodsPlaced != 0 {
		t.Errorf("run %+v", got.Runs[0])
	}
	waiting := 0
	for _, group := range got.Unscheduled {
		waiting += group.Count
	}
	if waiting != 7 {
		t.Errorf("unscheduled %+v", got.Unscheduled)
	}
}

func TestFilesThatWouldMislead(t *testing.T) {
	small, err := os.ReadFile("testdata/small.json")
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct{ from, to, says string }{
		{`"version": 1`, `"version": 2`, "format version 2"},
		{`"region": "test-1"`, `"region": ""`, "region is empty"},
		{`"weight": 10`, `"wieght": 10`, `unknown field "wieght"`},
		{`"nodeSelector"`, `"nodeSelectors"`, `unknown field "nodeSelectors"`},
		{`"nodeClass": "linux"`, `"nodeClass": "windows"`, `pool "default": node class "windows" is not in nodeClasses`},
		{`"count": 4`, `"count": 0`, `pod group "shop/web": count is 0`},
		{`"name": "shop/model"`, `"name": "shop/web"`, `pod group "shop/web" appears twice`},
		{`"name": "m9.2xlarge"`, `"name": "m9.large"`, `instance type "m9.large" appears twice`},
		{`"priceMicroUsd": 30000`, `"priceMicroUsd": -1`, "a price is not negative"},
		{`"priceMicroUsd": 30000, `, ``, "priceMicroUsd is missing"},
		{`"priceMicroUsd": 30000`, `"priceMicroUsd": 0.03`, "not an exported file"},
	}
	for _, c := range cases {
		changed := strings.Replace(string(small), c.from, c.to, 1)
		err := run(context.Background(), []string{"-"}, strings.NewReader(changed), &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got error %v, want %q", c.to, err, c.says)
		}
	}
}

// The empty node goes, and the two large ones become one small one: what is left is known.
func TestFleetIsConsolidatedUntilItRests(t *testing.T) {
	var written bytes.Buffer
	if err := run(context.Background(), []string{"--consolidate", "testdata/fleet.json"}, nil, &written); err != nil {
		t.Fatal(err)
	}
	var got consolidated
	if err := json.Unmarshal(written.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	start := fleetFigures{CostPerHourMicroUSD: 900_000, Nodes: 3}
	onePass := fleetFigures{CostPerHourMicroUSD: 800_000, Nodes: 2}
	rest := fleetFigures{CostPerHourMicroUSD: 100_000, Nodes: 1, Evictions: 2}
	if got.Start != start || got.OnePass != onePass || got.Rest != rest {
		t.Errorf("start %+v, one pass %+v, rest %+v", got.Start, got.OnePass, got.Rest)
	}
	if got.Commands != 2 || !got.AtRest {
		t.Errorf("%d commands, at rest %t", got.Commands, got.AtRest)
	}
}

// Three web pods arrive and then one more: what is bought for them runs all four.
func TestFleetGrowsBatchByBatch(t *testing.T) {
	fleet, err := os.ReadFile("testdata/fleet.json")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(fleet, &file); err != nil {
		t.Fatal(err)
	}
	name := file["pods"].([]any)[0].(map[string]any)["name"].(string)
	file["nodes"] = []any{}
	file["batches"] = []any{map[string]any{name: 3}, map[string]any{name: 1}}
	given, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	var written bytes.Buffer
	if err := run(context.Background(), []string{"--grow", "-"}, bytes.NewReader(given), &written); err != nil {
		t.Fatal(err)
	}
	var got grown
	if err := json.Unmarshal(written.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	pods := 0
	for _, node := range got.Nodes {
		pods += node.Pods[name]
	}
	if pods != 4 || got.Unscheduled != 0 || got.CostPerHourMicroUSD == 0 {
		t.Errorf("grown %+v", got)
	}
	// Each batch is planned by itself, so the second could only fill what the first bought.
	file["batches"] = []any{map[string]any{"nobody": 1}}
	given, _ = json.Marshal(file)
	err = run(context.Background(), []string{"--grow", "-"}, bytes.NewReader(given), &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), `batch 1: pod group "nobody" is not in pods`) {
		t.Errorf("got error %v", err)
	}
}
