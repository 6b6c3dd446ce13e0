//! A small load generator: connections that stay open, each with a thread that asks, waits for the
//! whole answer, checks it and asks again.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Outcome;
use super::numbers::{Cost, spread};
use super::server::Server;

/// A connection.
pub struct Client {
    stream: BufReader<TcpStream>,
    line: String,
    /// The body of the last answer.
    pub body: Vec<u8>,
    /// How long it waited for answers. What it then does with them is not the server's.
    waited: Duration,
}

impl Client {
    /// Connects.
    pub fn connect(address: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self {
            stream: BufReader::new(stream),
            line: String::new(),
            body: Vec::new(),
            waited: Duration::ZERO,
        })
    }

    /// Asks for a path; gives the status.
    pub fn get(&mut self, path: &str) -> Outcome<u16> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    /// Sends a document to a path; gives the status.
    pub fn post(&mut self, path: &str, body: &str) -> Outcome<u16> {
        let length = body.len();
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ))
    }

    /// Sends a request and reads the whole answer; gives the status.
    pub fn ask(&mut self, request: &str) -> Outcome<u16> {
        let begun = Instant::now();
        let status = self.exchange(request)?;
        self.waited += begun.elapsed();
        Ok(status)
    }

    fn exchange(&mut self, request: &str) -> Outcome<u16> {
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.read_line()?;
        let status = self.line.split(' ').nth(1).unwrap_or_default().parse()?;
        let mut length = 0;
        loop {
            self.read_line()?;
            let Some((name, value)) = self.line.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body)?;
        Ok(status)
    }

    fn read_line(&mut self) -> Outcome<()> {
        self.line.clear();
        match self.stream.read_line(&mut self.line)? {
            0 => Err("the server hung up".into()),
            _ => Ok(()),
        }
    }

    /// How long it waited since this was last asked for, in microseconds.
    pub fn waited(&mut self) -> f64 {
        std::mem::take(&mut self.waited).as_secs_f64() * 1e6
    }

    /// The last body, as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }
}

/// What some requests took.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// One request: wall time divided by the rate, CPU time of the server.
    pub cost: Cost,
    /// Half of them took less, in microseconds.
    pub p50: f64,
    /// One in a hundred took more.
    pub p99: f64,
}

/// Makes `count` requests by so many connections. `ask` makes the request of a number and checks its
/// answer.
pub fn load(
    server: &Server,
    address: &str,
    connections: usize,
    count: u64,
    ask: impl Fn(&mut Client, u64) -> Outcome<()> + Sync,
) -> Outcome<Taken> {
    let mut clients =
        (0..connections).map(|_| Client::connect(address)).collect::<Outcome<Vec<_>>>()?;
    let next = AtomicU64::new(0);
    let (begun, before) = (Instant::now(), server.cpu()?);
    let work = |client: &mut Client| -> Result<Vec<f64>, String> {
        let mut times = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(times);
            }
            ask(client, number).map_err(|error| error.to_string())?;
            times.push(client.waited());
        }
    };
    let work = &work;
    let times = std::thread::scope(|scope| {
        let threads: Vec<_> =
            clients.iter_mut().map(|client| scope.spawn(move || work(client))).collect();
        let mut times = Vec::new();
        for thread in threads {
            times.extend(thread.join().map_err(|_| "a client broke down")??);
        }
        Ok::<_, Box<dyn std::error::Error>>(times)
    })?;
    let wall = begun.elapsed().as_secs_f64() * 1e6;
    let cost = Cost::per(wall, server.cpu()? - before, count as f64);
    let p99 = percentile(&times, 0.99);
    Ok(Taken { cost, p50: spread(times).median, p99 })
}

/// The value that this share of all is below.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let index = (share * (sorted.len().max(1) - 1) as f64).round() as usize;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}
