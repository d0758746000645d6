//! What the figures should reach, on two cores with 16 connections.

/// The aims of one scenario.
#[derive(Clone, Copy, Debug, Default)]
pub struct Aim {
    /// Processor time of server and database together for one operation, in milliseconds.
    pub cpu_ms: Option<f64>,
    /// The 95th percentile, in milliseconds.
    pub p95_ms: Option<f64>,
    /// The 99th percentile, in milliseconds.
    pub p99_ms: Option<f64>,
}

/// Idle memory in MiB.
pub const IDLE_MIB: f64 = 20.0;
/// From the start of the process to its first answer, in milliseconds.
pub const START_MS: f64 = 100.0;

/// The aims of a group of actors.
pub fn of(group: &str) -> Aim {
    let cpu = |cpu_ms| Aim { cpu_ms: Some(cpu_ms), ..Aim::default() };
    match group {
        "discovery" => Aim { p95_ms: Some(50.0), ..cpu(0.012) },
        "jwks" => cpu(0.012),
        "health" => Aim { p95_ms: Some(20.0), ..Aim::default() },
        "challenge" => Aim { p95_ms: Some(100.0), ..Aim::default() },
        "client_credentials" => cpu(0.045),
        "introspection" | "userinfo" => cpu(0.07),
        "refresh" => cpu(0.13),
        "code" => cpu(0.30),
        // The signature of the default algorithm costs a quarter of a millisecond more.
        "code_rs256" => cpu(0.55),
        "password" => cpu(16.5),
        "password_4" => Aim { p95_ms: Some(100.0), ..cpu(16.5) },
        "refresh_beside" => Aim { p99_ms: Some(15.0), ..Aim::default() },
        _ => Aim::default(),
    }
}
