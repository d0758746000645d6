//! Stored hashes with known passwords, made by PHP, libxcrypt and OpenSSL; and those that nobody should verify.

/// A password and its stored hash.
pub(crate) struct Known {
    pub(crate) password: &'static str,
    pub(crate) hash: &'static str,
}

/// What most accounts have: bcrypt.
pub(crate) const ORDINARY: [Known; 8] = [
    Known { password: "Legacy-pass-1", hash: "$2y$10$QksTKjiU2JPuxGeHPbG3oO3WvCDV9bnXiXPo6PEvoFFUQWUafqSpi" },
    Known { password: "Legacy-pass-2", hash: "$2y$10$GtR0DNdYo1YU8vCQQKOzLu/yaRToC.hsBvVQYUUIFZr.UjBgSqRMK" },
    Known { password: "Legacy-pass-3", hash: "$2y$10$BVC0ZkZK058oxJID1CTY5.VUDPxmwasFzmLbVVyrRu8uMiZvQPhti" },
    Known { password: "Legacy-pass-4", hash: "$2y$10$/ZRYMZ.skSQrwrGBiyZ1GO9XCk6nhuQpoZLptXd1nOCZWvVjfhzgG" },
    Known { password: "Legacy-pass-5", hash: "$2y$10$IDHb8diPH2mj.nOd0Z0JKu2t7NTiCDSnTE.txoNVpn5o/IIErHH9i" },
    Known { password: "Legacy-pass-6", hash: "$2y$10$RiTGzFzyi8ayPB3gvuuV5uUx4cPLn8Jx0eu9X5lKQuNkWtWUIAb7G" },
    Known { password: "Legacy-pass-7", hash: "$2y$10$FPoMq4hbbdsg4QHeeEzD3OgiM6DZkBO5QYCWFhQiKCVyWRYFXNv9m" },
    Known { password: "Legacy-pass-8", hash: "$2y$10$1rn.bhkNZbPcCd.xASizV.x.ae6p6a3LLeR68i8C76UUEOYtMUisy" },
];

/// What accounts of other ages have.
pub(crate) const OTHERS: [Known; 5] = [
    Known {
        password: "Legacy-pass-9",
        hash: "$6$rounds=5000$saltsalt01$3/YebrR4BdV3tib1JA7B20tQcCms5XnzazLfJIkP/v7cM9Ksh/mHRyt.7HI9Bd0ckpTGG8g1PvX0kVwm44wqT.",
    },
    Known {
        password: "Legacy-pass-10",
        hash: "pbkdf2_sha256$36000$salt10salt10$ZGqpQpEUGvzWGRqCOV9WkUrfplYsYJpNRcQoO738uZw=",
    },
    Known { password: "Legacy-pass-12", hash: "{SSHA}6+JQU8ZcQ/h5w3fMom3s5Mdg2vNzYWx0WA==" },
    Known {
        password: "Legacy-pass-13",
        hash: "$argon2id$v=19$m=8192,t=2,p=1$aGE4NVk1dEFybUtRUEZaZA$sFx/2TsqeshwbjjOvjvAzqo/SrcGMLP+qEddtUsP0Io",
    },
    Known { password: "correct horse", hash: "$P$5yohlf0PfjuNbm301lL2/1OEo4kj/q." },
];

/// MD5 without a mark: nobody can tell what it is.
pub(crate) const UNDECLARED: &str = "d6749f108e5175a76fc49f1bac4621e7";
/// A variant of bcrypt that is broken.
pub(crate) const UNSUPPORTED: &str = "$2x$10$QksTKjiU2JPuxGeHPbG3oO3WvCDV9bnXiXPo6PEvoFFUQWUafqSpi";
/// Hours of work.
pub(crate) const HOSTILE_TIME: &str = "$2b$31$QksTKjiU2JPuxGeHPbG3oO3WvCDV9bnXiXPo6PEvoFFUQWUafqSpi";
/// Terabytes of memory.
pub(crate) const HOSTILE_MEMORY: &str =
    "$argon2id$v=19$m=4294967295,t=2,p=1$aGE4NVk1dEFybUtRUEZaZA$sFx/2TsqeshwbjjOvjvAzqo/SrcGMLP+qEddtUsP0Io";
