//! Server-Sent Events from bytes that arrive in any pieces (WHATWG HTML, 9.2.6).

/// Most bytes of one event. A preview has about 60 kB; what never ends is no event.
const LARGEST: usize = 16 << 20;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// `message` where the stream names none.
    pub kind: String,
    pub data: String,
}

#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    /// A line has ended with CR: an LF that follows belongs to it.
    after_cr: bool,
    begun: bool,
    kind: String,
    data: String,
    has_data: bool,
    /// Counts once its event is whole.
    id: String,
    last_id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event is larger than {LARGEST} bytes")]
pub struct TooLarge;

impl Parser {
    /// The events that end within these bytes.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLarge> {
        let mut events = Vec::new();
        for &byte in bytes {
            let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => {
                    let line = std::mem::take(&mut self.line);
                    events.extend(self.end_line(&String::from_utf8_lossy(&line)));
                }
                _ if self.line.len() + self.data.len() >= LARGEST => return Err(TooLarge),
                _ => self.line.push(byte),
            }
        }
        Ok(events)
    }

    /// What `Last-Event-ID` should say; empty before the first id.
    pub fn last_id(&self) -> &str {
        &self.last_id
    }

    fn end_line(&mut self, line: &str) -> Option<Event> {
        let line = if std::mem::replace(&mut self.begun, true) { line } else { line.strip_prefix('\u{feff}').unwrap_or(line) };
        if line.is_empty() {
            self.last_id.clone_from(&self.id);
            let (kind, data) = (std::mem::take(&mut self.kind), std::mem::take(&mut self.data));
            let kind = if kind.is_empty() { "message".to_owned() } else { kind };
            return std::mem::take(&mut self.has_data).then_some(Event { kind, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.kind),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            // A comment, the pause before a reconnection (this client has its own), or a field of a later standard.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn events(text: &str) -> Vec<(String, String)> {
        Parser::default().feed(text.as_bytes()).unwrap().into_iter().map(|e| (e.kind, e.data)).collect()
    }

    fn pair(kind: &str, data: &str) -> (String, String) {
        (kind.to_owned(), data.to_owned())
    }

    #[test]
    fn fields_comments_and_line_ends_are_as_the_standard_says() {
        assert_eq!(events("retry: 2000\n\n: keepalive\n\nid: 3\nevent: progress\ndata: {}\n\n"), [pair("progress", "{}")]);
        assert_eq!(events("data: a\r\ndata:b\rdata\n\r\n"), [pair("message", "a\nb\n")]);
        assert_eq!(events("\u{feff}data: a\n\ndata:  b\n\n"), [pair("message", "a"), pair("message", " b")]);
        assert_eq!(events("event: complete\n\ndata: unfinished\n"), []);
    }

    #[test]
    fn the_last_id_is_remembered() {
        let mut parser = Parser::default();
        parser.feed(b"id: 7\ndata: x\n\n").unwrap();
        parser.feed(b"event: retry\ndata: y\n\nid: a\0b\n\n").unwrap();
        assert_eq!(parser.last_id(), "7");
    }

    #[test]
    fn an_event_that_is_not_whole_was_not_seen() {
        let mut parser = Parser::default();
        parser.feed(b"id: 7\ndata: x\n\nid: 8\nevent: complete\ndata: {").unwrap();
        assert_eq!(parser.last_id(), "7");
        assert_eq!(parser.feed(b"}\n\n").unwrap().len(), 1);
        assert_eq!(parser.last_id(), "8");
    }

    #[test]
    fn what_never_ends_is_refused() {
        let mut parser = Parser::default();
        let piece = vec![b'x'; 1 << 20];
        assert!((0..20).any(|_| parser.feed(&piece) == Err(TooLarge)));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(
            lines in prop::collection::vec(("(data|event|id|x|)", ":? ?[a-zé:]{0,6}", "(\r\n|\n|\r|\n\n|\r\r|\r\n\r\n)"), 0..20),
            cuts in prop::collection::vec(1usize..9, 1..9),
        ) {
            let text: String = lines.into_iter().map(|(field, value, end)| field + &value + &end).collect();
            let whole = events(&text);
            let (mut parser, mut pieces, mut rest) = (Parser::default(), Vec::new(), text.as_bytes());
            for cut in cuts.iter().cycle() {
                let (piece, left) = rest.split_at((*cut).min(rest.len()));
                pieces.extend(parser.feed(piece).unwrap().into_iter().map(|e| (e.kind, e.data)));
                rest = left;
                if rest.is_empty() { break; }
            }
            prop_assert_eq!(pieces, whole);
        }
    }
}
