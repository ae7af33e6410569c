//! `sightline models list`: needs no OpenVINO.

use super::{size, word};
use crate::config::models::ListArgs;
use crate::installation;
use crate::vision::{ModelList, ModelSummary, catalog};

const HEADINGS: [&str; 7] = ["NAME", "TASK", "HEAD", "INPUT", "CLASSES", "STATE", "LICENCE"];

pub fn run(args: &ListArgs) -> anyhow::Result<()> {
    let (list, _) = catalog::list(&args.engine.models_dir, installation::manifest()?)?;
    if args.json {
        println!("{}", serde_json::to_string(&list)?);
        return Ok(());
    }
    print!("{}", table(&list));
    let problems = list.models.iter().filter_map(|model| Some((model, model.problem.as_ref()?)));
    problems.for_each(|(model, problem)| eprintln!("{}: {problem}", model.name));
    list.problem.iter().for_each(|problem| eprintln!("{problem}"));
    Ok(())
}

/// Columns as wide as their widest cell.
fn table(list: &ModelList) -> String {
    let rows: Vec<[String; 7]> = [HEADINGS.map(str::to_owned)].into_iter().chain(list.models.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
    let line = |row: &[String; 7]| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn row(model: &ModelSummary) -> [String; 7] {
    [
        format!("{}{}", model.name, if model.default { " *" } else { "" }),
        word(model.task),
        word(model.head),
        size(model.input),
        if model.labels == 0 { "?".to_owned() } else { model.labels.to_string() },
        word(model.state),
        word(&model.licence),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::ModelState;
    use crate::vision::head::Head;
    use crate::vision::manifest::Task;

    #[test]
    fn the_table_is_in_columns() {
        let known = ModelSummary {
            name: "yolox-nano".into(),
            task: Task::Detect,
            head: Some(Head::Yolox),
            input: Some([416, 416]),
            labels: 80,
            licence: Some("Apache-2.0".into()),
            precision: None,
            state: ModelState::Available,
            default: true,
            inference_ms: None,
            problem: None,
        };
        let own = ModelSummary { name: "own".into(), head: None, input: None, labels: 0, licence: None, default: false, ..known.clone() };
        let text = table(&ModelList { models: vec![known, own], problem: None });
        let expected = "\
NAME          TASK    HEAD   INPUT    CLASSES  STATE      LICENCE
yolox-nano *  detect  yolox  416x416  80       available  Apache-2.0
own           detect  ?      ?        ?        available  ?
";
        assert_eq!(text, expected);
    }
}
