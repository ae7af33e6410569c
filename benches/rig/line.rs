//! One connection to the server, on which requests follow each other.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// How a chunk goes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Raw,
    Multipart,
}

pub struct Answer {
    pub status: u16,
    pub retry_after: bool,
    pub body: Vec<u8>,
}

pub struct Line(BufReader<TcpStream>);

impl Line {
    pub async fn to(server: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a chunk of a file that has one chunk more than will ever come.
    pub async fn send(&mut self, way: Way, id: &str, index: usize, total: usize, bytes: &[u8]) -> std::io::Result<Answer> {
        self.begin(way, id, index, total, bytes.len()).await?;
        self.0.write_all(bytes).await?;
        self.end(way).await
    }

    /// The same at so many bytes at a time.
    pub async fn send_slowly(&mut self, id: &str, bytes: &[u8], piece: usize, pause: Duration) -> std::io::Result<Answer> {
        self.begin(Way::Raw, id, 0, 2, bytes.len()).await?;
        for piece in bytes.chunks(piece) {
            self.0.write_all(piece).await?;
            tokio::time::sleep(pause).await;
        }
        self.end(Way::Raw).await
    }

    async fn begin(&mut self, way: Way, id: &str, index: usize, total: usize, length: usize) -> std::io::Result<()> {
        let head = match way {
            Way::Raw => format!(
                "PUT /api/uploads/{id}/chunks/{index}?total_chunks={}&ext=.mp4&detector=none&pose=none HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n",
                total + 1
            ),
            Way::Multipart => {
                let fields = [
                    ("session_id", id),
                    ("chunk_index", &index.to_string()),
                    ("total_chunks", &(total + 1).to_string()),
                    ("ext", ".mp4"),
                    ("detector", "none"),
                    ("pose", "none"),
                ];
                let mut form: String =
                    fields.iter().map(|(n, v)| format!("--b\r\nContent-Disposition: form-data; name=\"{n}\"\r\n\r\n{v}\r\n")).collect();
                form += "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"blob\"\r\n\r\n";
                let length = form.len() + length + FORM_END.len();
                format!(
                    "POST /api/upload-chunk HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n{form}"
                )
            }
        };
        self.0.write_all(head.as_bytes()).await
    }

    async fn end(&mut self, way: Way) -> std::io::Result<Answer> {
        if way == Way::Multipart {
            self.0.write_all(FORM_END.as_bytes()).await?;
        }
        self.answer().await
    }

    pub async fn ask(&mut self, method: &str, path: &str) -> std::io::Result<Answer> {
        self.0.write_all(format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).await?;
        self.answer().await
    }

    /// Asks for events and gives the connection, on which they come.
    pub async fn events(mut self, id: &str) -> std::io::Result<BufReader<TcpStream>> {
        self.0.write_all(format!("GET /api/stream-progress/{id} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).await?;
        Ok(self.0)
    }

    async fn answer(&mut self) -> std::io::Result<Answer> {
        let (mut answer, mut length) = (Answer { status: 0, retry_after: false, body: Vec::new() }, 0);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            } else if let Some(status) = line.strip_prefix("http/1.1 ") {
                answer.status = status.get(..3).and_then(|s| s.parse().ok()).unwrap_or(0);
            } else if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap_or(0);
            }
            answer.retry_after |= line.starts_with("retry-after: ");
        }
        answer.body.resize(length, 0);
        self.0.read_exact(&mut answer.body).await?;
        Ok(answer)
    }
}

const FORM_END: &str = "\r\n--b--\r\n";
