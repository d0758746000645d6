//! `authly-admin hash`: needs no store.

use std::time::{Duration, Instant};

use authly_admin_cases::calibrate::{self, Argon, BCRYPT_MEASURED, LEAST};
use authly_directory::password::{PasswordService as _, PresentedPassword};
use authly_passwords::{HashPool, Policy, PolicyInvalid, PoolSettings};
use authly_runtime::trouble::Trouble;
use authly_seal::SystemRandom;
use serde_json::json;

use crate::{
    args::{Format, HashCommand},
    console::Console,
    failure::Failure,
};

/// Each measurement is the fastest of so many: what else the machine does only adds.
const TRIES: usize = 3;

pub(crate) async fn run(command: HashCommand, console: Console) -> Result<(), Failure> {
    let HashCommand::Calibrate { target_ms } = command;
    let target = Duration::from_millis(target_ms);
    let argon = calibrate::argon(target, measure(argon_policy(LEAST)).await?);
    let argon_took = measure(argon_policy(argon)).await?;
    let bcrypt = calibrate::bcrypt(target, measure(Policy::bcrypt(BCRYPT_MEASURED)).await?);
    let bcrypt_took = measure(Policy::bcrypt(bcrypt)).await?;
    let ms = |took: Duration| (took.as_secs_f64() * 10_000.0).round() / 10.0;
    let within = argon_took <= target.mul_f64(1.2);
    match console.format {
        Format::Json => console.item(&json!({
            "target_ms": target_ms,
            "argon2id": { "memory_kib": argon.memory_kib, "passes": argon.passes, "lanes": 1, "measured_ms": ms(argon_took) },
            "bcrypt": { "cost": bcrypt, "measured_ms": ms(bcrypt_took) },
            "within_target": within,
        }))?,
        Format::Table => console.raw(&format!(
            "# argon2id, {} ms here\nAUTHLY_PASSWORD_HASH=argon2id\nAUTHLY_ARGON2_MEMORY_KIB={}\nAUTHLY_ARGON2_PASSES={}\n\
             AUTHLY_ARGON2_LANES=1\n\n# or bcrypt, {} ms here\n# AUTHLY_PASSWORD_HASH=bcrypt\n# AUTHLY_BCRYPT_COST={bcrypt}",
            ms(argon_took), argon.memory_kib, argon.passes, ms(bcrypt_took),
        ))?,
    }
    if !within {
        console.note("This machine is too slow for the target: these are the least parameters that are worth using.");
    }
    Ok(())
}

fn argon_policy(argon: Argon) -> Result<Policy, PolicyInvalid> {
    Policy::argon2id(argon.memory_kib, argon.passes, 1)
}

async fn measure(policy: Result<Policy, PolicyInvalid>) -> Result<Duration, Failure> {
    let failed =
        |error: &(dyn std::error::Error + 'static)| Failure::from(Trouble::caused("cannot measure hashes", error, ""));
    let settings =
        PoolSettings { policy: policy.map_err(|error| failed(&error))?, threads: None, ..PoolSettings::default() };
    let pool = HashPool::new(&settings, SystemRandom).map_err(|error| failed(&error))?;
    let mut best = Duration::MAX;
    for _ in 0..TRIES {
        let Some(password) = PresentedPassword::parse("a password to measure with") else { break };
        let begun = Instant::now();
        pool.hash(password).await.map_err(|error| failed(&error))?;
        best = best.min(begun.elapsed());
    }
    Ok(best)
}
