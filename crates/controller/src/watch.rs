//! Watches: from the API server into the store, one task a kind.

mod kinds;
mod watched;

use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt as _;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt as _, watcher as watch_kind};
use kube::{Api, Client};

pub(crate) use kinds::{Kind, watch_all};
pub(crate) use watched::Watched;

use crate::store::{InTables, Store};

/// Keeps the store at what the API server says of one kind, for ever.
///
/// A failure is no end: the watch waits, longer each time, and lists again.
async fn watch_one<T: Kind + InTables>(client: Client, store: Arc<Store>) {
    let api: Api<Watched<T>> = Api::all(client);
    let mut events = pin!(watch_kind(api, watcher::Config::default()).default_backoff());
    let mut listed = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(object)) => listed.push(object.noting()),
            Ok(Event::InitDone) => store.replace(std::mem::take(&mut listed)),
            Ok(Event::Apply(object)) => store.apply(object.noting()),
            Ok(Event::Delete(object)) => store.remove::<T>(&object.key()),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(controller = "watch", kind = T::KIND, error, "watch failed");
            }
        }
    }
}
