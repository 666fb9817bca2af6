//! HSDS JSON: organizations or services with their organization, alone, in an array, in a page, or one a line.

mod elements;
mod scan;

use crate::error::{Error, RowError};
use crate::hsds::from_tree;
use crate::hsds::node::kind;
use crate::ids::Claims;
use crate::read::ReadOptions;
use elements::Elements;
use entity::Record;
use scan::Element;
use serde_json::{Map, Value};
use std::collections::{HashMap, VecDeque};
use std::path::Path;

/// A JSON file being read. Organizations stream; services are gathered by organization and come at the end.
#[derive(Debug)]
pub(crate) struct JsonReader {
    elements: Elements,
    options: ReadOptions,
    claims: Claims,
    /// The rest of a page that stood on one line.
    waiting: VecDeque<(u64, Value)>,
    gathered: Vec<(u64, Map<String, Value>)>,
    /// Organization id to its place in `gathered`.
    places: HashMap<String, usize>,
}

impl JsonReader {
    pub(crate) fn open(path: &Path, options: &ReadOptions) -> Result<Self, Error> {
        Ok(Self {
            elements: Elements::open(path)?,
            options: options.clone(),
            claims: Claims::default(),
            waiting: VecDeque::new(),
            gathered: Vec::new(),
            places: HashMap::new(),
        })
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.elements.bytes_read()
    }

    fn next_value(&mut self) -> Option<Result<(u64, Value), RowError>> {
        if let Some(value) = self.waiting.pop_front() {
            return Some(Ok(value));
        }
        let element = self.elements.next()?;
        Some(element.and_then(|element| parse(&element).map(|value| (element.line, value))))
    }

    /// The record of a value, or `None` when it waits for others.
    fn take(&mut self, line: u64, value: Value) -> Option<Result<Record, RowError>> {
        if let Value::Array(list) = value {
            self.waiting.extend(list.into_iter().map(|value| (line, value)));
            return None;
        }
        let Value::Object(mut map) = value else {
            let message =
                format!("must be an organization or a service as a JSON object, not {}", kind(&value));
            return Some(Err(RowError::at(line, message)));
        };
        if let Some(contents) = page_contents(&mut map) {
            return self.take(line, contents);
        }
        if is_service(&map) {
            return self.gather(line, map).err().map(Err);
        }
        Some(self.record(line, map))
    }

    fn record(&mut self, line: u64, map: Map<String, Value>) -> Result<Record, RowError> {
        from_tree::record(map, &self.options, &mut self.claims)
            .map_err(|fault| RowError::in_field(line, &fault.path, fault.message))
    }

    /// Hangs a `service_full` under its organization.
    fn gather(&mut self, line: u64, mut service: Map<String, Value>) -> Result<(), RowError> {
        let Some(Value::Object(mut organization)) = service.remove("organization") else {
            let message = "is missing: a service must hold its organization as an object (HSDS \
                               service_full); or give organizations with their services (organization_full)";
            return Err(RowError::in_field(line, "organization", message));
        };
        let Some(id) = organization.get("id").and_then(id_text) else {
            let message = "is missing; every organization needs its own";
            return Err(RowError::in_field(line, "organization.id", message));
        };
        let place = *self.places.entry(id).or_insert(self.gathered.len());
        let service = Value::Object(service);
        if let Some((_, known)) = self.gathered.get_mut(place) {
            // Each service repeats its organization: the first telling stands, later ones add what it lacks.
            let services = organization.remove("services");
            for (field, value) in organization {
                known.entry(field).or_insert(value);
            }
            push_services(known, services, service);
        } else {
            let services = organization.remove("services");
            push_services(&mut organization, services, service);
            self.gathered.push((line, organization));
        }
        Ok(())
    }
}

impl Iterator for JsonReader {
    type Item = Result<Record, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_value() {
                Some(Err(error)) => return Some(Err(error)),
                Some(Ok((line, value))) => {
                    if let Some(taken) = self.take(line, value) {
                        return Some(taken);
                    }
                }
                None => break,
            }
        }
        if !self.places.is_empty() {
            // All services are in; the first is taken from the back.
            self.places.clear();
            self.gathered.reverse();
        }
        self.gathered.pop().map(|(line, map)| self.record(line, map))
    }
}

fn push_services(organization: &mut Map<String, Value>, more: Option<Value>, service: Value) {
    let services = organization.entry("services").or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(services) = services {
        if let Some(Value::Array(more)) = more {
            services.extend(more);
        }
        services.push(service);
    }
}

fn id_text(id: &Value) -> Option<String> {
    match id {
        Value::String(text) => crate::text::tidy(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn page_contents(map: &mut Map<String, Value>) -> Option<Value> {
    let is_page = !map.contains_key("id") && map.get("contents").is_some_and(Value::is_array);
    if is_page { map.remove("contents") } else { None }
}

/// Only services and their parts name an organization; an organization has a parent at most.
fn is_service(map: &Map<String, Value>) -> bool {
    map.contains_key("organization") || map.contains_key("organization_id")
}

fn parse(element: &Element) -> Result<Value, RowError> {
    let text = std::str::from_utf8(&element.bytes).map_err(|error| {
        let before = element.bytes.get(..error.valid_up_to()).unwrap_or_default();
        let rest = element.bytes.get(error.valid_up_to()..).unwrap_or_default();
        let line = element.line + before.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        let message = crate::text::decode(rest).err().unwrap_or_default();
        RowError::at(line, message)
    })?;
    serde_json::from_str(text).map_err(|error| syntax_error(element, &error))
}

/// The parser counts from the start of the element, people from the start of the file.
fn syntax_error(element: &Element, error: &serde_json::Error) -> RowError {
    let line = element.line + (error.line() as u64).saturating_sub(1);
    let before = if error.line() <= 1 { element.column.saturating_sub(1) } else { 0 };
    let column = before + error.column() as u64;
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    RowError::at(line, format!("the JSON is broken at column {column}: {what}"))
}
