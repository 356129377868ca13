//! The log: one JSON object a line, with Karpenter's keys.
//!
//! `level`, `time`, `logger` and `message` come first. Fields that name an object are written under its
//! kind as Karpenter does (`"NodeClaim":{"name":"general-x7k2f"}`), so that queries go on working. Many
//! identical entries of a second are sampled (`sample`).

mod sample;

use std::error::Error;
use std::fmt::{self, Debug, Write as _};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use anyhow::bail;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::args::{Core, LogLevel};
use sample::Sampler;

/// Starts to log as the settings say.
pub(crate) fn start(core: &Core) -> anyhow::Result<()> {
    let level = match core.log_level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Error => "error",
    };
    // What libraries say below a warning is of no use to who runs a cluster.
    let filter = EnvFilter::new(format!("warn,controller={level},stowage_controller={level}"));
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).event_format(Json::default());
    match core.log_output_paths.as_str() {
        "stdout" | "" => subscriber.init(),
        "stderr" => subscriber.with_writer(std::io::stderr).init(),
        other => bail!("--log-output-paths: {other:?} is not supported; give stdout or stderr"),
    }
    Ok(())
}

/// Says why there is no log.
#[expect(clippy::print_stderr, reason = "there is no log to say it in")]
pub(crate) fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("stowage-controller: {error:#}");
    ExitCode::from(2)
}

#[derive(Default)]
struct Json(Mutex<Sampler>);

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let (level, now) = (*event.metadata().level(), jiff::Timestamp::now());
        // A panic while it counts leaves a count that is as good as another.
        let mut sampler = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !sampler.admits(level, &fields.message, now.as_second()) {
            return Ok(());
        }
        drop(sampler);
        // Milliseconds and `Z`, as Karpenter's.
        writeln!(writer, "{}", line(level, &format!("{now:.3}"), fields))
    }
}

fn line(level: Level, time: &str, fields: Fields) -> String {
    let Fields { message, logger, others } = fields;
    let logger = if logger.is_empty() { "controller".to_owned() } else { logger };
    let mut line = format!(
        r#"{{"level":"{level}","time":"{time}","logger":{},"message":{}"#,
        Value::from(logger),
        Value::from(message)
    );
    for (key, value) in others {
        // Writing to a string does not fail.
        let _ = write!(line, ",{}:{value}", Value::from(key));
    }
    line.push('}');
    line
}

/// The fields of an event.
#[derive(Default)]
struct Fields {
    message: String,
    logger: String,
    others: Map<String, Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        let text = || match &value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let named = |name: &str| json!({ "name": name });
        match field.name() {
            "message" => self.message = text(),
            "controller" => {
                self.logger = format!("controller.{}", text());
                self.others.insert("controller".to_owned(), value);
            }
            "node_claim" => drop(self.others.insert("NodeClaim".to_owned(), named(&text()))),
            "node_pool" => drop(self.others.insert("NodePool".to_owned(), named(&text()))),
            "node_class" => drop(self.others.insert("EC2NodeClass".to_owned(), named(&text()))),
            "node" => drop(self.others.insert("Node".to_owned(), named(&text()))),
            "pod" => {
                let text = text();
                let (namespace, name) = text.split_once('/').unwrap_or(("", &text));
                let pod = json!({"name": name, "namespace": namespace});
                self.others.insert("Pod".to_owned(), pod);
            }
            "provider_id" => drop(self.others.insert("provider-id".to_owned(), value)),
            name => drop(self.others.insert(name.to_owned(), value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, Value::from(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::from(value));
    }

    /// The whole chain, once.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        self.put(field, Value::from(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_json_object_that_begins_with_karpenters_keys() {
        let mut fields = Fields { message: "created \"it\"".to_owned(), ..Fields::default() };
        fields.others.insert("pods".to_owned(), Value::from(3));
        let line = line(Level::INFO, "2026-01-02T03:04:05.678Z", fields);
        let start = r#"{"level":"INFO","time":"2026-01-02T03:04:05.678Z","logger":"controller","message":"created \"it\"""#;
        assert!(line.starts_with(start), "{line}");
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["pods"], 3);
    }
}
