//! What `up` started, remembered between calls in `.services/state.json`.

use super::process::Identity;
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// In which way the servers were started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// As containers.
    Compose,
    /// As plain processes.
    Processes,
}

/// The memory of one site.
#[derive(Debug)]
pub(crate) struct State {
    file: PathBuf,
    /// How the servers were started; none when they are down.
    pub(crate) engine: Option<Engine>,
    /// The process on whose behalf they run, if it is not for good.
    pub(crate) lease: Option<u32>,
    /// Ports by their name; kept when the servers are down, so that the next start finds the same.
    pub(crate) ports: BTreeMap<String, u16>,
    /// Processes by the name of their server.
    pub(crate) servers: BTreeMap<String, Identity>,
}

impl State {
    /// Reads the state; a file that is absent is an empty state.
    pub(crate) fn load(file: &Path) -> Result<Self> {
        let value = if file.exists() {
            let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
            serde_json::from_str(&text)
                .with_context(|| format!("{} is damaged: delete the folder it is in", file.display()))?
        } else {
            Value::Null
        };
        let engine = match value["engine"].as_str() {
            Some("compose") => Some(Engine::Compose),
            Some("processes") => Some(Engine::Processes),
            _ => None,
        };
        Ok(Self {
            file: file.to_path_buf(),
            engine,
            lease: number(&value["lease"]),
            ports: entries(&value["ports"], number),
            servers: entries(&value["servers"], |server| {
                Some(Identity { id: number(&server["pid"])?, began: server["began"].as_u64()? })
            }),
        })
    }

    /// Writes the state; a crash leaves the old or the new one.
    pub(crate) fn save(&self) -> Result<()> {
        let servers: Map<String, Value> = self
            .servers
            .iter()
            .map(|(name, server)| (name.clone(), json!({ "pid": server.id, "began": server.began })))
            .collect();
        let engine = self.engine.map(|engine| match engine {
            Engine::Compose => "compose",
            Engine::Processes => "processes",
        });
        let value = json!({ "engine": engine, "lease": self.lease, "ports": self.ports, "servers": servers });
        let fresh = self.file.with_extension("new");
        fs::write(&fresh, format!("{value:#}\n")).with_context(|| format!("writing {}", fresh.display()))?;
        fs::rename(&fresh, &self.file).with_context(|| format!("writing {}", self.file.display()))
    }
}

fn number<N: TryFrom<u64>>(value: &Value) -> Option<N> {
    value.as_u64().and_then(|number| N::try_from(number).ok())
}

fn entries<T>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> BTreeMap<String, T> {
    let object = value.as_object().into_iter().flatten();
    object.filter_map(|(name, value)| Some((name.clone(), read(value)?))).collect()
}
