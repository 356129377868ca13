package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	corev1 "k8s.io/api/core/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
)

// formatVersion is the version of the exported file and of the result; others are refused.
const formatVersion = 1

// input is the exported file. docs/side-by-side.md says what each field means.
type input struct {
	Version     int         `json:"version"`
	Region      string      `json:"region"`
	Namespaces  []namespace `json:"namespaces"`
	NodeClasses []nodeClass `json:"nodeClasses"`
	Pools       []pool      `json:"pools"`
	DaemonSets  []daemonSet `json:"daemonSets"`
	Pods        []podGroup  `json:"pods"`
	// Nodes are there already, with the pods that run on them; for --consolidate.
	Nodes []existingNode `json:"nodes"`
	// Objects are what else is in the cluster the pods are planned for: Nodes, pods bound to them,
	// volumes with their claims and classes, as Kubernetes has them.
	Objects []json.RawMessage `json:"objects"`
	// Batches arrive one after another, each a number of pods of each group; for --grow.
	Batches []map[string]int `json:"batches"`
}

// amounts are resources in whole base units: millicores of cpu, bytes, pieces.
type amounts map[corev1.ResourceName]int64

type namespace struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
}

type nodeClass struct {
	Name          string         `json:"name"`
	InstanceTypes []instanceType `json:"instanceTypes"`
}

type instanceType struct {
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels"`
	Capacity  amounts           `json:"capacity"`
	Overhead  amounts           `json:"overhead"`
	Offerings []offering        `json:"offerings"`
}

type offering struct {
	Zone          string `json:"zone"`
	ZoneID        string `json:"zoneId"`
	CapacityType  string `json:"capacityType"`
	PriceMicroUSD *int64 `json:"priceMicroUsd"`
	Available     bool   `json:"available"`
}

type pool struct {
	Name         string                                        `json:"name"`
	Weight       int32                                         `json:"weight"`
	NodeClass    string                                        `json:"nodeClass"`
	Requirements []karpv1.NodeSelectorRequirementWithMinValues `json:"requirements"`
	Labels       map[string]string                             `json:"labels"`
	Taints       []corev1.Taint                                `json:"taints"`
	Limits       amounts                                       `json:"limits"`
}

type daemonSet struct {
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels"`
	Spec      corev1.PodSpec    `json:"spec"`
}

type podGroup struct {
	Name      string            `json:"name"`
	Count     int               `json:"count"`
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
	Spec      corev1.PodSpec    `json:"spec"`
}

// existingNode is a node with how many pods of each group run on it.
type existingNode struct {
	Name         string         `json:"name"`
	Pool         string         `json:"pool"`
	InstanceType string         `json:"instanceType"`
	Zone         string         `json:"zone"`
	CapacityType string         `json:"capacityType"`
	Pods         map[string]int `json:"pods"`
}

func readInput(path string, stdin io.Reader) (*input, error) {
	if path == "-" {
		return decode(stdin)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return decode(file)
}

// decode refuses fields it does not know: a field that is skipped would make the inputs of the two
// sides differ without a word.
func decode(reader io.Reader) (*input, error) {
	decoder := json.NewDecoder(reader)
	decoder.DisallowUnknownFields()
	read := &input{}
	if err := decoder.Decode(read); err != nil {
		return nil, fmt.Errorf("not an exported file: %w", err)
	}
	if read.Version != formatVersion {
		return nil, fmt.Errorf("format version %d: this program reads version %d; export the file again", read.Version, formatVersion)
	}
	return read, errors.Join(read.faults()...)
}

// faults are contradictions that would otherwise end in a wrong figure.
func (read *input) faults() []error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if read.Region == "" {
		fault("region is empty: name the region of the offerings")
	}
	classes := map[string]bool{}
	for _, class := range read.NodeClasses {
		if classes[class.Name] {
			fault("node class %q appears twice", class.Name)
		}
		classes[class.Name] = true
		faults = append(faults, typeFaults(class)...)
	}
	pools := map[string]bool{}
	for _, each := range read.Pools {
		if pools[each.Name] {
			fault("pool %q appears twice", each.Name)
		}
		pools[each.Name] = true
		if !classes[each.NodeClass] {
			fault("pool %q: node class %q is not in nodeClasses", each.Name, each.NodeClass)
		}
	}
	groups := map[string]bool{}
	for _, group := range read.Pods {
		if group.Count < 1 {
			fault("pod group %q: count is %d, expected at least 1", group.Name, group.Count)
		}
		if groups[group.Name] {
			fault("pod group %q appears twice", group.Name)
		}
		groups[group.Name] = true
	}
	for _, each := range read.Nodes {
		if !pools[each.Pool] {
			fault("node %q: pool %q is not in pools", each.Name, each.Pool)
		}
		for name := range each.Pods {
			if !groups[name] {
				fault("node %q: pod group %q is not in pods", each.Name, name)
			}
		}
	}
	for number, batch := range read.Batches {
		for name := range batch {
			if !groups[name] {
				fault("batch %d: pod group %q is not in pods", number+1, name)
			}
		}
	}
	return faults
}

func typeFaults(class nodeClass) []error {
	var faults []error
	names := map[string]bool{}
	for _, each := range class.InstanceTypes {
		if names[each.Name] {
			faults = append(faults, fmt.Errorf("node class %q: instance type %q appears twice", class.Name, each.Name))
		}
		names[each.Name] = true
		for _, offered := range each.Offerings {
			if fault := offered.fault(); fault != "" {
				faults = append(faults, fmt.Errorf("instance type %q, offering in zone %q: %s", each.Name, offered.Zone, fault))
			}
		}
	}
	return faults
}

// fault says what keeps an offering from being used. One without a price is never free.
func (offered offering) fault() string {
	switch price := offered.PriceMicroUSD; {
	case offered.Zone == "" || offered.CapacityType == "":
		return "zone and capacityType must be set"
	case price == nil && offered.Available:
		return "priceMicroUsd is missing: an offering without a price must have available false"
	case price != nil && *price < 0:
		return fmt.Sprintf("priceMicroUsd is %d: a price is not negative", *price)
	default:
		return ""
	}
}
