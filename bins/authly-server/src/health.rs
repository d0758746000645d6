//! `authly-server health`: asks a running server over HTTP, for container runtimes that have no other client.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _},
    time::Duration,
};

use actix_web::http::Uri;
use authly_runtime::Trouble;
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};

use crate::args::Source;

const PATIENCE: Duration = Duration::from_secs(5);

/// Whom to ask, and whether its certificate must have that name.
struct Target {
    host: String,
    address: SocketAddr,
    tls: Option<SslVerifyMode>,
}

pub(crate) fn run(source: &Source, url: Option<&str>) -> Result<(), Trouble> {
    let target = match url {
        Some(url) => named(url)?,
        None => own(source)?,
    };
    let failed = |error: io::Error| {
        let what = format!("no answer from {}", target.address);
        Trouble::caused(what, &error, "start the server, or name it with --url")
    };
    let status = ask(&target).map_err(failed)?;
    match status.as_deref() {
        Some("200") => {
            println!("ok");
            Ok(())
        }
        status => Err(Trouble::new(
            format!("the server at {} does not work", target.address),
            format!("GET /health answered {}", status.unwrap_or("no HTTP")),
            "look into its log",
        )),
    }
}

/// The server of these settings, asked on this machine, whatever name its certificate has.
fn own(source: &Source) -> Result<Target, Trouble> {
    let (settings, _) = source.settings()?;
    let mut address = settings.listener.address;
    if address.ip().is_unspecified() {
        let loopback =
            if address.is_ipv4() { IpAddr::from(Ipv4Addr::LOCALHOST) } else { IpAddr::from(Ipv6Addr::LOCALHOST) };
        address.set_ip(loopback);
    }
    let tls = settings.listener.tls.is_some().then_some(SslVerifyMode::NONE);
    Ok(Target { host: address.ip().to_string(), address, tls })
}

fn named(url: &str) -> Result<Target, Trouble> {
    let refused =
        |why: &str| Trouble::new("cannot ask", format!("--url: {url} {why}"), "write it as https://auth.example.com");
    let uri: Uri = url.parse().map_err(|_| refused("is not a URL"))?;
    let (tls, port) = match uri.scheme_str() {
        Some("https") => (Some(SslVerifyMode::PEER), 443),
        Some("http") => (None, 80),
        _ => return Err(refused("is neither http nor https")),
    };
    let host = uri.host().ok_or_else(|| refused("has no host"))?.trim_matches(['[', ']']).to_owned();
    let mut found = (host.as_str(), uri.port_u16().unwrap_or(port))
        .to_socket_addrs()
        .map_err(|error| Trouble::caused(format!("cannot find {host}"), &error, "check the name"))?;
    let address = found.next().ok_or_else(|| refused("has no address"))?;
    Ok(Target { host, address, tls })
}

/// The status of `GET /health`.
fn ask(target: &Target) -> io::Result<Option<String>> {
    let stream = TcpStream::connect_timeout(&target.address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    match target.tls {
        None => talk(stream, &target.host),
        Some(verify) => {
            let mut connector = SslConnector::builder(SslMethod::tls_client())?;
            connector.set_verify(verify);
            let mut connection = connector.build().configure()?;
            connection.set_verify_hostname(verify == SslVerifyMode::PEER);
            let stream = connection.connect(&target.host, stream).map_err(io::Error::other)?;
            talk(stream, &target.host)
        }
    }
}

fn talk(mut stream: impl Read + Write, host: &str) -> io::Result<Option<String>> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let request = format!("GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let text = String::from_utf8_lossy(&head);
    Ok(text.strip_prefix("HTTP/1.1 ").map(str::to_owned))
}
