//! Zones as they come: JSON of anybody.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::anchor::Anchor;
use super::invalid::{Fault, InvalidZones, LONGEST_DWELL, LONGEST_NAME, MOST_PIXELS, MOST_PLACES, MOST_POINTS};
use super::line::Line;
use super::plan::{LinePlan, Scope, Units, Zone, ZonePlan};
use super::polygon::Polygon;
use crate::geometry::Point;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPlan {
    #[serde(default)]
    units: Units,
    #[serde(default)]
    zones: Vec<Value>,
    #[serde(default)]
    lines: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPlace {
    name: Option<String>,
    points: Vec<[f64; 2]>,
    #[serde(default)]
    classes: Vec<String>,
    #[serde(default)]
    anchor: Anchor,
    min_dwell: Option<f64>,
}

/// A plan out of JSON that is one, each of its parts checked.
pub fn plan(value: Value) -> Result<ZonePlan, InvalidZones> {
    let raw: RawPlan = object(value).map_err(InvalidZones::NotAPlan)?;
    let count = raw.zones.len() + raw.lines.len();
    if count > MOST_PLACES {
        return Err(InvalidZones::TooMany(count));
    }
    let units = raw.units;
    let zones = raw.zones.into_iter().enumerate().map(|(i, value)| named("zone", i, value, |raw, name| zone(raw, name, units)));
    let zones = zones.collect::<Result<Vec<_>, _>>()?;
    let lines = raw.lines.into_iter().enumerate().map(|(i, value)| named("line", i, value, |raw, name| line(raw, name, units)));
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    let plan = ZonePlan { units, zones, lines };
    let names: Vec<_> = plan.scopes().map(|scope| &scope.name).collect();
    match names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
        Some((_, name)) => Err(InvalidZones::NameTwice(name.to_string())),
        None => Ok(plan),
    }
}

/// One zone or line, whose faults are told by its name, or by its number where it has none.
fn named<T>(kind: &str, index: usize, value: Value, read: impl FnOnce(RawPlace, String) -> Result<T, Fault>) -> Result<T, InvalidZones> {
    let number = format!("{kind} {}", index + 1);
    let given = value.get("name").and_then(Value::as_str).filter(|name| is_name(name));
    let place = given.map_or_else(|| number.clone(), |name| format!("{kind} {name:?}"));
    let raw = object::<RawPlace>(value).map_err(Fault::Unreadable);
    let checked = raw.and_then(|mut raw| {
        let name = raw.name.take().map_or(number, |name| name.trim().to_owned());
        if is_name(&name) { read(raw, name) } else { Err(Fault::Name) }
    });
    checked.map_err(|fault| InvalidZones::Place { place, fault })
}

/// serde would read a list as well, field by field.
fn object<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    if value.is_object() { serde_json::from_value(value).map_err(|e| e.to_string()) } else { Err("it is no JSON object".to_owned()) }
}

fn is_name(name: &str) -> bool {
    let name = name.trim();
    !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control)
}

fn zone(raw: RawPlace, name: String, units: Units) -> Result<Zone, Fault> {
    if raw.points.len() > MOST_POINTS {
        return Err(Fault::TooManyPoints(raw.points.len()));
    }
    let polygon = Polygon::new(points(&raw.points, units)?, units.least_area())?;
    let min_dwell = raw.min_dwell.unwrap_or(0.0);
    if !(0.0..=LONGEST_DWELL).contains(&min_dwell) {
        return Err(Fault::Dwell(min_dwell));
    }
    Ok(Zone { scope: scope(name, raw.classes, raw.anchor), polygon, min_dwell })
}

fn line(raw: RawPlace, name: String, units: Units) -> Result<LinePlan, Fault> {
    let points = points(&raw.points, units)?;
    let &[from, to] = points.as_slice() else { return Err(Fault::NotTwoPoints(points.len())) };
    if raw.min_dwell.is_some() {
        return Err(Fault::DwellOfALine);
    }
    let line = Line::new(from, to).ok_or(Fault::NoLength)?;
    Ok(LinePlan { scope: scope(name, raw.classes, raw.anchor), line })
}

fn scope(name: String, classes: Vec<String>, anchor: Anchor) -> Scope {
    Scope { name: name.into(), classes, anchor }
}

fn points(raw: &[[f64; 2]], units: Units) -> Result<Vec<Point>, Fault> {
    let point = |(i, &[x, y]): (usize, &[f64; 2])| {
        let within = |most: f64| (0.0..=most).contains(&x) && (0.0..=most).contains(&y);
        let number = i + 1;
        match units {
            Units::Fraction if !within(1.0) => Err(Fault::NoFraction { number, x, y }),
            Units::Pixels if !within(MOST_PIXELS) => Err(Fault::NoPixel { number, x, y }),
            _ => Ok(Point::new(x as f32, y as f32)),
        }
    };
    raw.iter().enumerate().map(point).collect()
}
