//! A running deployment: processes of the real binary, and the ways people reach it.

use crate::backend::{Backend, Ports};
use crate::end_state;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long any condition may take to come true; generous, because machines are shared.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Deployment {
    pub(crate) backend: Backend,
    pub(crate) processes: Vec<Process>,
    pub(crate) url: String,
    client: Client,
}

pub(crate) struct Process {
    roles: String,
    pub(crate) child: Child,
}

impl Deployment {
    /// One process for each of these sets of roles, such as `poller,resolver`; the service among them.
    pub(crate) async fn start(ports: Ports, processes: &[&str]) -> Option<Self> {
        let backend = Backend::new(ports).await?;
        let mut deployment =
            Self { backend, processes: Vec::new(), url: String::new(), client: Client::new() };
        for roles in processes {
            deployment.start_process(roles).await;
        }
        Some(deployment)
    }

    /// Starts a process and waits until it runs.
    pub(crate) async fn start_process(&mut self, roles: &str) {
        let number = self.processes.len();
        let out = self.backend.folder.path().join(format!("{number}-{}.out", uuid::Uuid::new_v4().simple()));
        let log = File::create(out.with_extension("log")).unwrap();
        let child = self
            .command(&["run", "--roles", roles, "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(File::create(&out).unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.processes.push(Process { roles: roles.to_owned(), child });
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = std::fs::read_to_string(&out).unwrap_or_default();
            if let Some(url) = said.split_whitespace().find(|word| word.starts_with("http://")) {
                url.trim_end_matches('/').clone_into(&mut self.url);
                return;
            }
            if said.contains("Running:") {
                return;
            }
            let ended = self.processes.last_mut().unwrap().child.try_wait().unwrap();
            let log = || std::fs::read_to_string(out.with_extension("log")).unwrap_or_default();
            assert!(ended.is_none(), "orgloop run --roles {roles} ended: {ended:?}\n{}", log());
            assert!(Instant::now() < deadline, "orgloop run --roles {roles} does not start:\n{}", log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// `kill -9` of the process with these roles.
    pub(crate) fn kill(&mut self, roles: &str) {
        let at = self.processes.iter().position(|process| process.roles == roles).expect("it runs");
        let mut process = self.processes.remove(at);
        process.child.kill().unwrap();
        process.child.wait().unwrap();
    }

    /// Stops all processes as SIGTERM does; each must end by itself, and well.
    pub(crate) fn stop_all(&mut self) {
        for process in &self.processes {
            let id = process.child.id().to_string();
            assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        }
        for mut process in self.processes.drain(..) {
            let ended = process.child.wait().unwrap();
            assert!(ended.success(), "orgloop run --roles {} ended with {ended}", process.roles);
        }
    }

    /// A command of the binary, in this deployment's surroundings.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orgloop"));
        command.args(arguments).current_dir(self.backend.folder.path());
        command.envs(self.backend.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command of the binary to its end.
    pub(crate) fn orgloop(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must do well; what it said.
    pub(crate) fn must(&self, arguments: &[&str]) -> String {
        let output = self.orgloop(arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    /// Generates organizations into a folder of the test.
    pub(crate) fn sample(&self, organizations: usize, seed: u64) -> PathBuf {
        let folder = self.backend.folder.path().join(format!("sample-{organizations}-{seed}"));
        let (count, seed) = (organizations.to_string(), seed.to_string());
        let folder_text = folder.display().to_string();
        self.must(&["sample", "--organizations", &count, "--seed", &seed, "--output", &folder_text]);
        folder
    }

    pub(crate) fn import(&self, file: &Path, source: &str) {
        self.must(&["import", &file.display().to_string(), "--source", source]);
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(self.client.get(format!("{}{path}", self.url))).await;
        assert!(status.is_success(), "GET {path}: {status} {body}");
        body
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.url)).json(body);
        let (status, body) =
            self.send(request.header("Idempotency-Key", uuid::Uuid::new_v4().to_string())).await;
        assert!(status.is_success(), "POST {path}: {status} {body}");
        body
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Value {
        let (status, body) = self.send(self.client.put(format!("{}{path}", self.url)).json(body)).await;
        assert!(status.is_success(), "PUT {path}: {status} {body}");
        body
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> (StatusCode, Value) {
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Waits until everything derived agrees with the ground state, key by key.
    pub(crate) async fn agreed(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let differences = end_state::differences(&self.backend).await;
            if differences.is_empty() {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "the loop does not come to agree:\n{}",
                differences.join("\n")
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Waits until a question about the service's answer is true; the answer.
    pub(crate) async fn until(&self, path: &str, question: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path).await;
            if question(&answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "GET {path} does not become what was waited for: {answer}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Runs a command until what it says is what is waited for; as JSON.
    pub(crate) fn until_said(&self, arguments: &[&str], question: impl Fn(&str) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = self.must(arguments);
            if question(&said) {
                return serde_json::from_str(&said).unwrap_or(Value::Null);
            }
            assert!(Instant::now() < deadline, "{arguments:?} does not say what was waited for: {said}");
        }
    }

    pub(crate) async fn end(mut self) {
        self.stop_all();
        self.backend.clean().await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A failed test leaves nothing behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
