//! A real control plane, simulated kubelets and a simulated EC2, for tests.
//!
//! - [`TestCluster`]: etcd, API server, scheduler and controller manager of Kubernetes 1.36, with real
//!   admission, RBAC and credentials, on free loopback ports; KWOK runs the pods of the nodes that
//!   [`NODE_ANNOTATION`] marks.
//! - [`kubelets`]: running machines of any cloud become Nodes, late and step by step, and go again.
//! - [`moto`]: EC2, SSM, SQS and IAM in memory, with accounts, images and networks of a test's own.
//! - [`workloads`] and [`wait`]: what tests create, and how they wait for it.
//! - [`Process`]: a program under test, such as a controller's binary, that ends with its test.
//! - [`chart`]: the chart of `deploy/` as Helm renders it.
//! - [`audit`]: what an account asked the API server for, from its audit log.
//! - [`build`]: the binaries, built from source once a version and kept outside the target folder.
//!
//! All that a test started is gone when its value is dropped and when the test's process ends, however
//! it ends: each process has a supervisor that waits for the end of a pipe.

mod accounts;
pub mod audit;
mod binaries;
pub mod chart;
mod cluster;
pub mod command;
mod crds;
mod error;
mod folder;
mod http;
pub mod kubelets;
pub mod moto;
mod pki;
mod ports;
mod process;
pub mod wait;
pub mod workloads;

pub use binaries::{Binaries, build};
pub use cluster::{NODE_ANNOTATION, Options, PodPace, TestCluster};
pub use error::{Error, OrStop, Result};
pub use process::{Process, Program, Signal};
