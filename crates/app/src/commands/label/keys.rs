//! What people type: single keys on a terminal, lines where standard input is something else.

use console::{Key, Term};
use entity::JudgementVerdict;
use std::io::{BufRead, IsTerminal};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Answer(JudgementVerdict),
    /// The question before, whose answer is taken back.
    Back,
    /// Not now.
    Skip,
    /// Let the model learn from the answers at once.
    Train,
    Help,
    Quit,
}

/// What each key does, as the help tells it.
pub(super) const KEYS: [(&str, &str); 9] = [
    ("y", "yes: one organization"),
    ("n", "no: different organizations"),
    ("r", "related (branch, parent, successor), but not the same"),
    ("u", "unsure: it is kept, and teaches nothing"),
    ("b", "back: take the last answer away and ask again, as often as you like"),
    ("s", "skip: not now"),
    ("t", "train: the model learns from your answers now, not only at every tenth"),
    ("?", "this help"),
    ("q", "quit: every answer is kept already"),
];

/// Where commands come from.
#[derive(Debug)]
pub(super) enum Keys {
    Terminal(Term),
    Lines(std::io::Stdin),
}

impl Keys {
    /// Single keys when both ends are a terminal.
    pub(super) fn of_this_process() -> Self {
        let term = Term::stdout();
        match term.is_term() && std::io::stdin().is_terminal() {
            true => Self::Terminal(term),
            false => Self::Lines(std::io::stdin()),
        }
    }

    pub(super) fn terminal(&self) -> Option<&Term> {
        match self {
            Self::Terminal(term) => Some(term),
            Self::Lines(_) => None,
        }
    }

    /// The next command, or what was typed instead of one. The end of the input quits, and so does Ctrl-C: the terminal
    /// is in raw mode within this call only, so nothing that happens elsewhere can leave it so.
    pub(super) fn next(&self) -> std::io::Result<Result<Command, String>> {
        match self {
            Self::Terminal(term) => Ok(match term.read_key_raw()? {
                Key::Char(key) => command(&key.to_string()),
                Key::ArrowLeft | Key::Backspace => Ok(Command::Back),
                Key::ArrowRight => Ok(Command::Skip),
                Key::CtrlC | Key::Escape => Ok(Command::Quit),
                other => Err(format!("{other:?}")),
            }),
            Self::Lines(stdin) => {
                let mut line = String::new();
                let length = stdin.lock().read_line(&mut line)?;
                Ok(if length == 0 { Ok(Command::Quit) } else { command(line.trim()) })
            }
        }
    }
}

/// A key or a word. Ctrl-D ends the input on a terminal as well.
fn command(text: &str) -> Result<Command, String> {
    Ok(match text.to_lowercase().as_str() {
        "y" | "yes" | "match" => Command::Answer(JudgementVerdict::Match),
        "n" | "no" | "non_match" => Command::Answer(JudgementVerdict::NonMatch),
        "r" | "related" => Command::Answer(JudgementVerdict::Related),
        "u" | "unsure" => Command::Answer(JudgementVerdict::Unsure),
        "b" | "back" | "undo" => Command::Back,
        "s" | "skip" => Command::Skip,
        "t" | "train" => Command::Train,
        "?" | "h" | "help" => Command::Help,
        "q" | "quit" | "\u{4}" => Command::Quit,
        _ => return Err(text.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_help_does_something() {
        for (key, _) in KEYS {
            assert!(command(key).is_ok(), "{key}");
            assert_eq!(command(key), command(&key.to_uppercase()));
        }
        assert_eq!(command("x"), Err("x".to_owned()));
    }
}
