//! A reader of Server-Sent Events that accepts nothing the standard does not (WHATWG HTML, 9.2).

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;

/// Longest silence a test waits through.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub struct Event {
    pub id: u64,
    pub kind: String,
    pub data: Value,
}

impl Event {
    /// Its error code, where it is an error.
    pub fn code(&self) -> &str {
        assert_eq!(self.kind, "error", "{self:?}");
        assert!(self.data["detail"].as_str().is_some_and(|d| !d.is_empty()), "{self:?}");
        self.data["code"].as_str().unwrap()
    }

    pub fn is_terminal(&self) -> bool {
        !["progress", "reset"].contains(&self.kind.as_str())
    }

    pub fn frame_index(&self) -> u64 {
        self.data["frame_index"].as_u64().unwrap_or_else(|| panic!("no progress: {self:?}"))
    }
}

/// Reads a whole stream as the standard's grammar has it, and gives the events' names. Panics at the first fault.
pub fn lint(stream: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(stream).expect("UTF-8");
    assert!(text.starts_with("retry: 2000\n\n"), "retry comes first: {text}");
    assert!(text.ends_with("\n\n"), "the last event ends with an empty line: {text}");
    assert!(!text.contains('\r'), "a CR would end a line");
    let (mut names, mut last_id) = (Vec::new(), None);
    for block in text.trim_end_matches("\n\n").split("\n\n").skip(1).filter(|block| !block.starts_with(':')) {
        let mut fields: Vec<_> = block.lines().map(|l| l.split_once(": ").unwrap_or_else(|| panic!("no field: {l:?}"))).collect();
        if fields[0].0 == "id" {
            let id: u64 = fields.remove(0).1.parse().unwrap();
            assert!(last_id.replace(id).is_none_or(|last| last < id), "ids grow: {block}");
        }
        let [("event", name), ("data", data)] = fields[..] else { panic!("not an event: {block}") };
        serde_json::from_str::<Value>(data).expect("data is JSON");
        names.push(name.to_owned());
    }
    names
}

pub struct Events {
    response: Response,
    received: Vec<u8>,
    /// Told before the first event.
    pub retry: Option<u64>,
    last_id: Option<u64>,
}

impl Events {
    pub fn new(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, received: Vec::new(), retry: None, last_id: None }
    }

    /// The next event; none when the server has closed the stream.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(block) = self.block() {
                if let Some(event) = self.parse(&block) {
                    return Some(event);
                }
            }
            let more = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("an event comes in time");
            match more.expect("the stream ends in order") {
                Some(bytes) => self.received.extend_from_slice(&bytes),
                None => {
                    assert!(self.received.is_empty(), "the stream ends within an event: {:?}", self.received);
                    return None;
                }
            }
        }
    }

    /// Waits for the first event that fits.
    pub async fn wait_for(&mut self, fits: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.next().await.expect("the event comes before the end");
            if fits(&event) {
                return event;
            }
            assert!(!event.is_terminal(), "waited for another event: {event:?}");
        }
    }

    /// All events that are still to come; the last one is the only terminal one.
    pub async fn rest(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        let terminal = events.iter().filter(|e| e.is_terminal()).count();
        assert!(terminal == 1 && events.last().is_some_and(Event::is_terminal), "progress*, then one end: {events:#?}");
        events
    }

    /// The event that ends the stream.
    pub async fn end(self) -> Event {
        self.rest().await.pop().unwrap()
    }

    /// The lines up to the next empty one.
    fn block(&mut self) -> Option<String> {
        let end = self.received.windows(2).position(|w| w == b"\n\n")?;
        let block = self.received.drain(..end + 2).collect();
        Some(String::from_utf8(block).expect("UTF-8"))
    }

    fn parse(&mut self, block: &str) -> Option<Event> {
        let (mut id, mut kind, mut data) = (None, None, None);
        for line in block.lines().filter(|l| !l.is_empty() && !l.starts_with(':')) {
            let (field, value) = line.split_once(": ").unwrap_or_else(|| panic!("no field: {line:?}"));
            match field {
                "id" => id = Some(value.parse::<u64>().unwrap()),
                "event" => kind = Some(value.to_owned()),
                "data" => assert!(data.replace(serde_json::from_str(value).unwrap()).is_none(), "one line of data"),
                "retry" => {
                    assert!(self.last_id.is_none(), "retry comes first");
                    self.retry = Some(value.parse().unwrap());
                }
                _ => panic!("unknown field: {line:?}"),
            }
        }
        if matches!(kind.as_deref(), Some("retry" | "reset")) {
            // It is about the connection, not of the session: it has no id.
            assert!(id.is_none());
            let data = data.expect("an event with data");
            return Some(Event { id: self.last_id.unwrap_or(0), kind: kind?, data });
        }
        let event = Event { id: id?, kind: kind.expect("a named event"), data: data.expect("an event with data") };
        assert!(["progress", "complete", "error"].contains(&event.kind.as_str()), "{event:?}");
        assert!(self.last_id.is_none_or(|last| last < event.id), "ids grow: {:?} then {}", self.last_id, event.id);
        assert!(self.retry.is_some(), "retry comes first");
        self.last_id = Some(event.id);
        Some(event)
    }
}
