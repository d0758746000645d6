//! The command behind `cargo xtask legacy-source`.

use std::{process::ExitCode, time::Instant};

use authly_legacy_source::{Legacy, Plan, fill};

const HELP: &str = "\
Make a database as an older program left it, for tests and guides.

Usage: cargo xtask legacy-source --profile authly|tenants|legacy-users [options] ADDRESS

  ADDRESS          An empty database: postgresql://user@host/name, or sqlite:path (not for authly)
  --profile NAME   Whose tables
  --users N        How many people (default 1000)
  --tenants N      How many tenants (default: as many as suit the people)
  --dirty          With everything that is wrong in real databases
  --underscores    Columns as self_auth_user_id instead of self-auth_user_id
  --seed N         Other people (default 1)
  --canaries FILE  Write the known passwords of the first ten people, for `migrate assess --canary`

The same options always make the same rows. A table that is there already is never touched.

Examples:
  cargo xtask legacy-source --profile legacy-users --dirty sqlite:old.db
  cargo xtask legacy-source --profile tenants --users 100000 --dirty postgresql://me@localhost/shop
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| matches!(argument.as_str(), "--help" | "-h")) {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let (mut legacy, mut address, mut canaries) = (None, None, None);
    let mut plan = Plan::new(Legacy::Authly);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("{argument} needs a value\n\n{HELP}"));
        let number = |text: &String| text.parse().map_err(|_| format!("{text} is no number"));
        match argument.as_str() {
            "--profile" => legacy = Legacy::parse(value()?),
            "--users" => plan.users = number(value()?)?,
            "--tenants" => plan.tenants = Some(number(value()?)?),
            "--seed" => plan.seed = number(value()?)?.into(),
            "--dirty" => plan.dirty = true,
            "--underscores" => plan.underscores = true,
            "--canaries" => canaries = Some(value()?),
            text if text.starts_with('-') => return Err(format!("there is no option {text}\n\n{HELP}")),
            text => address = Some(text),
        }
    }
    plan.legacy = legacy.ok_or_else(|| format!("--profile is authly, tenants or legacy-users\n\n{HELP}"))?;
    let address = address.ok_or_else(|| format!("name an empty database\n\n{HELP}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let began = Instant::now();
    let filled = runtime.map_err(|error| error.to_string())?.block_on(fill(address, &plan));
    let filled = filled.map_err(|error| error.to_string())?;
    for (table, rows) in &filled.tables {
        println!("{table}: {rows} rows");
    }
    println!("made in {:.1} s", began.elapsed().as_secs_f32());
    if let Some(file) = canaries {
        let text = serde_json::to_string_pretty(&filled.canaries).map_err(|error| error.to_string())?;
        std::fs::write(file, text + "\n").map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(())
}
