//! What one region sells: types with labels, zones, listings with prices, machines per node class.

use model::{InstanceType, Machine, RegionName, TypeIndex, ZoneId, ZoneName};

use crate::capacity::capacity;
use crate::catalog::Catalog;
use crate::catalog::region::{OfferedType, RegionFacts};
use crate::facts::TypeFacts;
use crate::labels::Labeller;
use crate::listings::{MarketOptions, RegionListings, listings};
use crate::measured::MeasuredAllocatable;
use crate::overhead::overhead_of;
use crate::settings::{Incompatible, NodeClassSettings};

/// An availability zone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Zone {
    /// Its name, such as `us-east-1a`. Which physical zone that is depends on the AWS account.
    pub name: ZoneName,
    /// Its id, such as `use1-az2`, in the account that the catalog's source looked from; empty where
    /// the source could not tell.
    pub id: ZoneId,
}

/// What one region sells. Macs are left out: they are no Kubernetes nodes.
#[derive(Clone, Debug)]
pub struct RegionMarket<'c> {
    pub(crate) catalog: &'c Catalog,
    name: RegionName,
    zones: Vec<Zone>,
    types: Vec<InstanceType>,
    facts: Vec<TypeFacts>,
    /// One per type, in the same order.
    pub(crate) rows: Vec<OfferedType>,
    pub(crate) region: RegionFacts,
    measured: Vec<MeasuredAllocatable>,
}

impl<'c> RegionMarket<'c> {
    pub(crate) fn new(
        catalog: &'c Catalog,
        name: RegionName,
        mut region: RegionFacts,
        types: &[TypeFacts],
    ) -> Self {
        let zones = region
            .zones
            .iter()
            .map(|(letter, id)| Zone {
                name: ZoneName::new(format!("{name}{letter}")),
                id: ZoneId::from(*id),
            })
            .collect();
        let (rows, facts): (Vec<OfferedType>, Vec<TypeFacts>) = std::mem::take(&mut region.rows)
            .into_iter()
            .filter_map(|row| {
                let place = types.binary_search_by(|one| one.name.as_str().cmp(row.name));
                let facts = place.ok().and_then(|place| types.get(place))?;
                facts.architecture.is_node().then(|| (row, facts.clone()))
            })
            .unzip();
        let mut labeller = Labeller::default();
        let types = facts
            .iter()
            .map(|one| InstanceType { name: one.name.clone(), labels: labeller.labels(one) })
            .collect();
        Self { measured: catalog.measured(), catalog, name, zones, types, facts, rows, region }
    }

    /// The region's name.
    pub fn name(&self) -> &RegionName {
        &self.name
    }

    /// Its zones, by name.
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// Types offered in at least one zone, by name; a [`TypeIndex`] counts in this list.
    pub fn types(&self) -> &[InstanceType] {
        &self.types
    }

    /// The facts behind [`Self::types`], in the same order.
    pub fn facts(&self) -> &[TypeFacts] {
        &self.facts
    }

    /// What is sold in which zone at what price, by type, zone, capacity type.
    pub fn listings(&self, options: &MarketOptions) -> RegionListings {
        listings(self, options)
    }

    /// What each type holds under `settings`, in type order; types that do not suit the class are
    /// left out.
    pub fn machines(&self, settings: &NodeClassSettings) -> Vec<Machine> {
        self.facts
            .iter()
            .enumerate()
            .filter(|(_, facts)| settings.incompatibility(facts).is_none())
            .map(|(position, facts)| self.machine(TypeIndex::new(position), facts, settings))
            .collect()
    }

    /// Types that do not suit the class, each with the reason, in type order.
    pub fn incompatible(
        &self,
        settings: &NodeClassSettings,
    ) -> impl Iterator<Item = (&TypeFacts, Incompatible)> {
        self.facts.iter().filter_map(|facts| Some((facts, settings.incompatibility(facts)?)))
    }

    /// Estimates, corrected by the first measurement that applies: the class's own, then the
    /// embedded ones.
    fn machine(
        &self,
        instance_type: TypeIndex,
        facts: &TypeFacts,
        settings: &NodeClassSettings,
    ) -> Machine {
        let mut capacity = capacity(facts, settings);
        let mut overhead = overhead_of(facts, settings, &capacity);
        let measured = settings
            .measured
            .iter()
            .chain(&self.measured)
            .find(|measured| measured.applies(facts, settings));
        if let Some(measured) = measured {
            measured.adjust(&mut capacity, &mut overhead);
        }
        Machine { instance_type, capacity, overhead }
    }
}
