//! Carries plans out, as steps without IO.
//!
//! Each step is a function of what is observed (objects of the API server, answers of the cloud) and
//! of `now`, and returns the next [`Request`]s. A driver performs them without choosing anything and
//! hands the answers back. Steps are level-triggered: asked again, they ask for the same again until
//! it is so, and whatever they must know to be right can be read again after a restart. A
//! [`ClaimMemory`] saves calls and keeps waits; losing it costs time and nothing else.

mod alike;
mod claims;
mod conditions;
mod drain;
mod drift;
mod expiration;
mod garbage;
mod hashes;
mod health;
mod hold;
mod initialization;
mod interruption;
mod launch;
mod moves;
mod node_class;
mod placement;
mod planned_pods;
mod pool;
mod protection;
mod registration;
mod request;
mod tagging;
mod termination;
pub mod time;
mod trials;
mod turns;
mod view;
mod volumes;
mod waves;

pub use alike::alike;
pub use claims::{ClaimSource, Claims, claim_name, claims, launch_plan_of, resource_list};
pub use drain::{Drain, drain};
pub use drift::{DriftView, drift, drifted_since};
pub use expiration::{EXPIRED, expire, expires};
pub use garbage::{Collection, CollectionGuard, GarbageView, collect};
pub use hashes::restamp;
pub use health::{Start, Starts};
pub use hold::{Seats, is_held, is_release, release};
pub use initialization::{initialize, initialized_since};
pub use interruption::interrupt;
pub use launch::{
    LAUNCH_TTL, LaunchGroup, LaunchPlan, REGISTRATION_TTL, StartLimits, capacity_notes, launch,
    liveness,
};
pub use moves::{
    Going, Launched, MOVE_TIMEOUT, MOVE_VALIDATION, MoveRecord, MoveView, OfClaim, Stage, carry,
    finish, give_up, heal,
};
pub use node_class::{NodeClassView, node_class};
pub use placement::{Target, place};
pub use planned_pods::with_planned_pods;
pub use pool::{PoolView, pool};
pub use protection::{Protection, protection, protection_note};
pub use registration::register;
pub use request::{CloudRequest, EventKind, Kind, Note, ObjectRef, Request};
pub use tagging::tag;
pub use termination::{NodeView, SETTLE, terminate_claim, terminate_node};
pub use trials::Trials;
pub use turns::{Held, Seat, Waiting, in_turn, release_order, turns};
pub use view::{ClaimMemory, ClaimView, EvictionMemory, InstanceSight, LaunchMemory, MachineFacts};
pub use volumes::awaited_volumes;
pub use waves::{HeldNode, Queue, WaveStep, Waves};
