//! Raw REST: requests as the recorded clients write them, and requests of any kind.

use cuecard_simulator::Simulator;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::http;

/// What axios sends with every request.
const AXIOS: &str = "Accept: application/json, text/plain, */*\r\nUser-Agent: axios/1.21.1\r\n\
    Accept-Encoding: gzip, compress, deflate, br\r\nConnection: close\r\n";

/// Sends a request as the recorded client writes it; status and body.
pub async fn axios(
    simulator: &Simulator,
    request_line: &str,
    headers: &str,
    body: &str,
) -> (u16, Value) {
    let address = simulator.base_url();
    let address = address.strip_prefix("http://").unwrap();
    let length = match body.len() {
        0 => String::new(),
        length => format!("Content-Length: {length}\r\n"),
    };
    let request =
        format!("{request_line} HTTP/1.1\r\n{AXIOS}{headers}{length}Host: {address}\r\n\r\n{body}");
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    let status = answer[9..12].parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

/// Asks with a token; status and body.
pub async fn ask(
    simulator: &Simulator,
    token: &str,
    method: &str,
    path: &str,
    body: Value,
) -> (u16, Value) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = http()
        .request(method, format!("{}{path}", simulator.base_url()))
        .bearer_auth(token);
    if !body.is_null() {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}
