//! `/metrics` in the two text formats that are about.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use super::state::State;
use crate::sessions::metrics::Inferences;
use crate::vision::ModelSummary;

/// `GET /metrics`: OpenMetrics for those who ask for it, else the older format, which every tool reads.
pub async fn get(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    let models = state.analyses().map(|analyses| analyses.resources().catalog.models()).unwrap_or_default();
    let text = state.counters.text(state.registry.active(), state.registry.lost(), models.into_iter().filter_map(inferences));
    let accepted = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepted.contains("application/openmetrics-text") {
        return HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text);
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(older(&text))
}

fn inferences(model: ModelSummary) -> Option<Inferences> {
    let time = model.inference_ms?;
    Some(Inferences { model: model.name, frames: time.runs, seconds: time.mean * time.runs as f64 / 1000.0 })
}

/// The format before OpenMetrics: a counter's description has its full name, and nothing marks the end.
fn older(text: &str) -> String {
    let is_counter = |name: &str| text.contains(&format!("# TYPE {name} counter\n"));
    let lines = text.lines().filter(|line| *line != "# EOF").map(|line| {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(word), Some(name), Some(rest)) if is_counter(name) => format!("# {word} {name}_total {rest}\n"),
            _ => format!("{line}\n"),
        }
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_described_by_their_full_name() {
        let text = "# HELP a_b Things a, b.\n# TYPE a_b counter\na_b_total{x=\"y\"} 1\n# HELP c Now.\n# TYPE c gauge\nc 2\n# EOF\n";
        let expected =
            "# HELP a_b_total Things a, b.\n# TYPE a_b_total counter\na_b_total{x=\"y\"} 1\n# HELP c Now.\n# TYPE c gauge\nc 2\n";
        assert_eq!(older(text), expected);
    }
}
