//! Counters for operators, in Prometheus' text format. No label holds a session's id: their number stays bounded.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry as Metrics;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct Outcome {
    /// `complete` or an error code.
    pub outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct Refusal {
    pub code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfModel {
    model: String,
}

/// What a model has done so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Inferences {
    pub model: String,
    pub frames: u64,
    pub seconds: f64,
}

#[derive(Debug)]
pub struct Counters {
    pub chunks: Counter,
    pub bytes: Counter,
    pub frames: Counter,
    pub sessions: Counter,
    pub analyses: Family<Outcome, Counter>,
    pub problems: Family<Refusal, Counter>,
    active: Gauge,
    lost: Gauge,
    inferences: Family<OfModel, Counter>,
    inference_seconds: Family<OfModel, Counter<f64, AtomicU64>>,
    metrics: Metrics,
}

impl Default for Counters {
    fn default() -> Self {
        let mut metrics = Metrics::with_prefix("sightline");
        let (chunks, bytes, frames, sessions) = (Counter::default(), Counter::default(), Counter::default(), Counter::default());
        let (analyses, problems, active, lost) = (Family::default(), Family::default(), Gauge::default(), Gauge::default());
        let (inferences, inference_seconds) = (Family::default(), Family::default());
        metrics.register("upload_chunks", "Chunks received", chunks.clone());
        metrics.register("upload_bytes", "Bytes received in chunks and streams", bytes.clone());
        metrics.register("frames_processed", "Frames analysed", frames.clone());
        metrics.register("sessions_created", "Sessions created", sessions.clone());
        metrics.register("analyses", "Analyses ended, by outcome", analyses.clone());
        metrics.register("problems", "Requests answered with an error, by code", problems.clone());
        metrics.register("sessions_active", "Sessions that are not over", active.clone());
        metrics.register("sessions_lost", "Sessions that could not be read at the last start", lost.clone());
        metrics.register("inferences", "Frames given to a model that is listed", inferences.clone());
        metrics.register("inference_seconds", "Time these took in the model", inference_seconds.clone());
        Self { chunks, bytes, frames, sessions, analyses, problems, active, lost, inferences, inference_seconds, metrics }
    }
}

impl Counters {
    /// All counters as text, with what the models that are listed now have counted themselves.
    pub fn text(&self, active_sessions: usize, lost_sessions: usize, models: impl IntoIterator<Item = Inferences>) -> String {
        self.active.set(active_sessions as i64);
        self.lost.set(lost_sessions as i64);
        self.inferences.clear();
        self.inference_seconds.clear();
        for Inferences { model, frames, seconds } in models {
            let label = OfModel { model };
            self.inferences.get_or_create(&label).inc_by(frames);
            self.inference_seconds.get_or_create(&label).inc_by(seconds);
        }
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = encode(&mut text, &self.metrics);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_told_by_name_and_outcome() {
        let counters = Counters::default();
        counters.bytes.inc_by(7);
        counters.analyses.get_or_create(&Outcome { outcome: "complete" }).inc();
        let nano = Inferences { model: "nano".into(), frames: 4, seconds: 0.5 };
        let text = counters.text(2, 0, [Inferences { frames: 3, ..nano.clone() }]);
        for line in ["sightline_upload_bytes_total 7", "sightline_analyses_total{outcome=\"complete\"} 1", "sightline_sessions_active 2"] {
            assert!(text.contains(line), "{line} in {text}");
        }
        let later = counters.text(2, 0, [nano]);
        for line in ["sightline_inferences_total{model=\"nano\"} 4", "sightline_inference_seconds_total{model=\"nano\"} 0.5"] {
            assert!(later.contains(line), "{line} in {later}");
        }
        assert!(!counters.text(2, 0, []).contains("nano"), "a model that is gone is told no more");
    }
}
