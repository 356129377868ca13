package main

import (
	"maps"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/scheduling"
)

const (
	zoneIDLabel = "topology.k8s.aws/zone-id"
	// ebsZoneLabel is the zone under the name that the EBS driver gives it.
	ebsZoneLabel = "topology.ebs.csi.aws.com/zone"
	microPerUSD  = 1_000_000
)

// market holds what each node class can launch, as Karpenter's AWS provider would present it.
type market struct {
	region    string
	typeKeys  []string
	byClass   map[string][]instanceType
	wellKnown []string
}

func newMarket(read *input) *market {
	keys := map[string]bool{}
	byClass := map[string][]instanceType{}
	for _, class := range read.NodeClasses {
		byClass[class.Name] = class.InstanceTypes
		for _, each := range class.InstanceTypes {
			for key := range each.Labels {
				keys[key] = true
			}
		}
	}
	typeKeys := slices.Sorted(maps.Keys(keys))
	return &market{
		region:    read.Region,
		typeKeys:  typeKeys,
		byClass:   byClass,
		wellKnown: append(slices.Clone(typeKeys), zoneIDLabel),
	}
}

// teachLabels tells Karpenter's core which labels come from the instance types, as providers do
// when they start: pods may ask for these although no pool names them.
func (m *market) teachLabels() {
	karpv1.WellKnownLabels.Insert(m.wellKnown...)
	karpv1.NormalizedLabels[ebsZoneLabel] = corev1.LabelTopologyZone
}

// typesOf builds the instance types of a node class anew, as a solve keeps state in them.
func (m *market) typesOf(class string) []*cloudprovider.InstanceType {
	types := make([]*cloudprovider.InstanceType, 0, len(m.byClass[class]))
	for _, each := range m.byClass[class] {
		types = append(types, &cloudprovider.InstanceType{
			Name:         each.Name,
			Requirements: m.requirementsOf(each),
			Offerings:    offeringsOf(each),
			Capacity:     quantities(each.Capacity),
			Overhead:     &cloudprovider.InstanceTypeOverhead{KubeReserved: quantities(each.Overhead)},
		})
	}
	return types
}

// requirementsOf says for each label that any type carries what this type has; a label that it
// lacks is said to be absent.
func (m *market) requirementsOf(each instanceType) scheduling.Requirements {
	requirements := scheduling.NewRequirements()
	for _, key := range m.typeKeys {
		if value, found := each.Labels[key]; found {
			requirements.Add(oneOf(key, value))
		} else {
			requirements.Add(scheduling.NewRequirement(key, corev1.NodeSelectorOpDoesNotExist))
		}
	}
	zones, zoneIDs, capacityTypes := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, offered := range each.Offerings {
		if !offered.Available {
			continue
		}
		zones[offered.Zone] = true
		capacityTypes[offered.CapacityType] = true
		if offered.ZoneID != "" {
			zoneIDs[offered.ZoneID] = true
		}
	}
	requirements.Add(
		oneOf(corev1.LabelInstanceTypeStable, each.Name),
		oneOf(corev1.LabelTopologyRegion, m.region),
		oneOf(corev1.LabelTopologyZone, slices.Sorted(maps.Keys(zones))...),
		oneOf(zoneIDLabel, slices.Sorted(maps.Keys(zoneIDs))...),
		oneOf(karpv1.CapacityTypeLabelKey, slices.Sorted(maps.Keys(capacityTypes))...),
		scheduling.NewRequirement(corev1.LabelWindowsBuild, corev1.NodeSelectorOpDoesNotExist),
	)
	return requirements
}

func offeringsOf(each instanceType) cloudprovider.Offerings {
	offerings := make(cloudprovider.Offerings, 0, len(each.Offerings))
	for _, offered := range each.Offerings {
		requirements := scheduling.NewRequirements(
			oneOf(corev1.LabelTopologyZone, offered.Zone),
			oneOf(karpv1.CapacityTypeLabelKey, offered.CapacityType),
		)
		if offered.ZoneID != "" {
			requirements.Add(oneOf(zoneIDLabel, offered.ZoneID))
		}
		price := math.Inf(1)
		if offered.PriceMicroUSD != nil {
			price = float64(*offered.PriceMicroUSD) / microPerUSD
		}
		offerings = append(offerings, &cloudprovider.Offering{
			Requirements: requirements,
			Price:        price,
			Available:    offered.Available,
		})
	}
	return offerings
}

func oneOf(key string, values ...string) *scheduling.Requirement {
	return scheduling.NewRequirement(key, corev1.NodeSelectorOpIn, values...)
}

func quantities(given amounts) corev1.ResourceList {
	list := corev1.ResourceList{}
	for name, amount := range given {
		if name == corev1.ResourceCPU {
			list[name] = *resource.NewMilliQuantity(amount, resource.DecimalSI)
		} else {
			list[name] = *resource.NewQuantity(amount, resource.BinarySI)
		}
	}
	return list
}
