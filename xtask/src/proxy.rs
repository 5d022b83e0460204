//! A proxy between Chromium and the web server of wasm-bindgen's test runner: a connection of its own for each request.
//!
//! That server gives a connection to a thread that is idle, and two to the same if they come fast; the second then waits
//! for the end of the first, which a browser keeps open. A page with many scripts hangs so before its first test.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result};

/// Starts it on a free port of the loopback; it ends with the process.
pub fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no port for the proxy")?;
    let address = listener.local_addr().context("no address of the proxy")?;
    thread::spawn(move || {
        for client in listener.incoming().filter_map(Result::ok) {
            // Whoever goes away or asks for something else gets no answer, as from any server.
            thread::spawn(move || pass_on(&client).ok());
        }
    });
    Ok(address)
}

/// Passes one request on, and all of the answer back.
fn pass_on(client: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(client);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let Some((method, host, path)) = target(&line) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        match name.to_ascii_lowercase().as_str() {
            "connection" | "proxy-connection" => continue,
            "content-length" => length = value.trim().parse().unwrap_or(0),
            _ => {}
        }
        head.push_str(&line);
        if line.trim().is_empty() {
            break;
        }
    }
    let mut server = TcpStream::connect(host)?;
    server.write_all(head.as_bytes())?;
    io::copy(&mut reader.take(length), &mut server)?;
    let mut to_client = client;
    io::copy(&mut server, &mut to_client)?;
    client.shutdown(Shutdown::Write)
}

/// Method, host with port, and path of a request line as proxies get it.
fn target(line: &str) -> Option<(&str, &str, &str)> {
    let (method, rest) = line.split_once(' ')?;
    let address = rest.strip_prefix("http://")?.split_once(' ')?.0;
    let slash = address.find('/')?;
    Some((method, &address[..slash], &address[slash..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_line_is_taken_apart_and_no_other_is() {
        assert_eq!(
            target("GET http://127.0.0.1:80/a/b?c HTTP/1.1\r\n"),
            Some(("GET", "127.0.0.1:80", "/a/b?c"))
        );
        for line in [
            "",
            "GET / HTTP/1.1",
            "CONNECT a:443 HTTP/1.1",
            "GET http://a HTTP/1.1",
        ] {
            assert_eq!(target(line), None, "{line}");
        }
    }

    #[test]
    fn each_request_has_a_connection_of_its_own_and_comes_back_whole() {
        let server = TcpListener::bind("127.0.0.1:0").expect("a port");
        let host = server.local_addr().expect("an address");
        let asked = thread::spawn(move || {
            let (mut connection, _) = server.accept().expect("a request");
            let mut reader = BufReader::new(connection.try_clone().expect("a handle"));
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).expect("a line");
                if line == "\r\n" {
                    break;
                }
                head.push(line.trim().to_owned());
            }
            let mut body = [0; 2];
            reader.read_exact(&mut body).expect("a body");
            connection
                .write_all(b"HTTP/1.1 200 OK\r\n\r\nyes")
                .expect("takes it");
            (head, body)
        });
        let mut client = TcpStream::connect(start().expect("starts")).expect("a proxy");
        let request = format!(
            "POST http://{host}/x HTTP/1.1\r\nProxy-Connection: keep-alive\r\nContent-Length: 2\r\n\r\nhi"
        );
        client.write_all(request.as_bytes()).expect("takes it");
        let mut answer = String::new();
        client.read_to_string(&mut answer).expect("answers");
        assert_eq!(answer, "HTTP/1.1 200 OK\r\n\r\nyes");
        let (head, body) = asked.join().expect("was asked");
        assert_eq!(
            head,
            ["POST /x HTTP/1.1", "Connection: close", "Content-Length: 2"]
        );
        assert_eq!(&body, b"hi");
    }
}
