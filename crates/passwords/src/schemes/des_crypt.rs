//! The first crypt(3): DES (FIPS 46-3), 25 times over a block of zeros, of eight characters of the password.
//!
//! Two letters of salt and eleven of hash, with no mark of its own.

use std::time::Duration;

use super::{
    computed::{Digest, Format, computed},
    letters,
};
use crate::{
    Cost,
    Objection::{self, Malformed},
    Reading, Recipe,
};

pub(crate) const FORMATS: [Format; 1] = [Format { name: "des-crypt", read }];

/// 13 letters.
pub(crate) fn read(stored: &str) -> Reading {
    if stored.len() == 13 && letters::is_crypt(stored) { parse(stored).into() } else { Reading::Foreign }
}

fn parse(stored: &str) -> Result<Box<dyn Recipe>, Objection> {
    let (salt, hash) = stored.split_at_checked(2).ok_or(Malformed)?;
    let values = salt.bytes().rev().try_fold(0, |value, letter| Some(value << 6 | letters::crypt_value(letter)?));
    let salt = u64::from(values.ok_or(Malformed)?);
    let cost = Cost { scheme: "des-crypt", nominal: Duration::from_micros(100) };
    computed(cost, hash.as_bytes().to_vec(), move |password| Some(compute(salt, password)))
}

fn compute(salt: u64, password: &[u8]) -> Digest {
    let characters = password.iter().copied().chain([0; 8]).take(8);
    let key = characters.fold(0, |key, character| key << 8 | u64::from(character << 1));
    let keys = schedule(key);
    // The first bit of the salt swaps the first bits of the two halves of the expanded block.
    let swaps = (0..12).fold(0, |swaps, bit| swaps | (salt >> bit & 1) << (23 - bit));
    let (mut left, mut right) = (0, 0);
    for _ in 0..25 {
        for key in &keys {
            (left, right) = (right, left ^ mix(right, *key, swaps));
        }
        (left, right) = (right, left);
    }
    let block = permute(left << 32 | right, 64, &FINAL);
    // 64 bits and two more, six in each letter.
    let six = |shift: u32| u32::try_from((u128::from(block) << 2) >> shift & 63).unwrap_or_default();
    let text: String = (0..11).rev().map(|group| letters::crypt_letter(six(group * 6))).collect();
    Digest::new(text.into_bytes())
}

/// The sixteen keys of the rounds.
fn schedule(key: u64) -> Vec<u64> {
    let chosen = permute(key, 64, &CHOICE_1);
    let (mut left, mut right) = (chosen >> 28, chosen & 0xfff_ffff);
    let turn = |half: u64, by: u32| (half << by | half >> (28 - by)) & 0xfff_ffff;
    let turns = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
    turns
        .iter()
        .map(|by| {
            (left, right) = (turn(left, *by), turn(right, *by));
            permute(left << 28 | right, 56, &CHOICE_2)
        })
        .collect()
}

/// The function of a round.
fn mix(half: u64, key: u64, swaps: u64) -> u64 {
    let expanded = permute(half, 32, &EXPANSION);
    let differing = (expanded >> 24 ^ expanded) & swaps;
    let mixed = expanded ^ differing << 24 ^ differing ^ key;
    let boxed = BOXES.iter().enumerate().fold(0, |value, (number, chosen)| {
        let six = mixed >> (42 - 6 * number) & 63;
        let place = (six & 32 | (six & 1) << 4 | six >> 1 & 15) as usize;
        value << 4
            | chosen.get(place / 2).map_or(0, |pair| u64::from(if place & 1 == 0 { pair >> 4 } else { pair & 15 }))
    });
    permute(boxed, 32, &PERMUTATION)
}

/// The bits of `value`, numbered from 1 at the highest of `width`, in the order of the table.
fn permute(value: u64, width: u32, table: &[u8]) -> u64 {
    table.iter().fold(0, |permuted, bit| permuted << 1 | value >> (width - u32::from(*bit)) & 1)
}

const FINAL: [u8; 64] = [
    40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31, 38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45, 13, 53, 21,
    61, 29, 36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27, 34, 2, 42, 10, 50, 18, 58, 26, 33, 1, 41, 9,
    49, 17, 57, 25,
];
const EXPANSION: [u8; 48] = [
    32, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11, 12, 13, 12, 13, 14, 15, 16, 17, 16, 17, 18, 19, 20, 21, 20, 21,
    22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32, 1,
];
const PERMUTATION: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4,
    25,
];
const CHOICE_1: [u8; 56] = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36, 63, 55,
    47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];
const CHOICE_2: [u8; 48] = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47, 55, 30,
    40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
/// The boxes, row by row, two values in a byte.
const BOXES: [[u8; 32]; 8] = [
    [
        0xe4, 0xd1, 0x2f, 0xb8, 0x3a, 0x6c, 0x59, 0x07, 0x0f, 0x74, 0xe2, 0xd1, 0xa6, 0xcb, 0x95, 0x38, 0x41, 0xe8,
        0xd6, 0x2b, 0xfc, 0x97, 0x3a, 0x50, 0xfc, 0x82, 0x49, 0x17, 0x5b, 0x3e, 0xa0, 0x6d,
    ],
    [
        0xf1, 0x8e, 0x6b, 0x34, 0x97, 0x2d, 0xc0, 0x5a, 0x3d, 0x47, 0xf2, 0x8e, 0xc0, 0x1a, 0x69, 0xb5, 0x0e, 0x7b,
        0xa4, 0xd1, 0x58, 0xc6, 0x93, 0x2f, 0xd8, 0xa1, 0x3f, 0x42, 0xb6, 0x7c, 0x05, 0xe9,
    ],
    [
        0xa0, 0x9e, 0x63, 0xf5, 0x1d, 0xc7, 0xb4, 0x28, 0xd7, 0x09, 0x34, 0x6a, 0x28, 0x5e, 0xcb, 0xf1, 0xd6, 0x49,
        0x8f, 0x30, 0xb1, 0x2c, 0x5a, 0xe7, 0x1a, 0xd0, 0x69, 0x87, 0x4f, 0xe3, 0xb5, 0x2c,
    ],
    [
        0x7d, 0xe3, 0x06, 0x9a, 0x12, 0x85, 0xbc, 0x4f, 0xd8, 0xb5, 0x6f, 0x03, 0x47, 0x2c, 0x1a, 0xe9, 0xa6, 0x90,
        0xcb, 0x7d, 0xf1, 0x3e, 0x52, 0x84, 0x3f, 0x06, 0xa1, 0xd8, 0x94, 0x5b, 0xc7, 0x2e,
    ],
    [
        0x2c, 0x41, 0x7a, 0xb6, 0x85, 0x3f, 0xd0, 0xe9, 0xeb, 0x2c, 0x47, 0xd1, 0x50, 0xfa, 0x39, 0x86, 0x42, 0x1b,
        0xad, 0x78, 0xf9, 0xc5, 0x63, 0x0e, 0xb8, 0xc7, 0x1e, 0x2d, 0x6f, 0x09, 0xa4, 0x53,
    ],
    [
        0xc1, 0xaf, 0x92, 0x68, 0x0d, 0x34, 0xe7, 0x5b, 0xaf, 0x42, 0x7c, 0x95, 0x61, 0xde, 0x0b, 0x38, 0x9e, 0xf5,
        0x28, 0xc3, 0x70, 0x4a, 0x1d, 0xb6, 0x43, 0x2c, 0x95, 0xfa, 0xbe, 0x17, 0x60, 0x8d,
    ],
    [
        0x4b, 0x2e, 0xf0, 0x8d, 0x3c, 0x97, 0x5a, 0x61, 0xd0, 0xb7, 0x49, 0x1a, 0xe3, 0x5c, 0x2f, 0x86, 0x14, 0xbd,
        0xc3, 0x7e, 0xaf, 0x68, 0x05, 0x92, 0x6b, 0xd8, 0x14, 0xa7, 0x95, 0x0f, 0xe2, 0x3c,
    ],
    [
        0xd2, 0x84, 0x6f, 0xb1, 0xa9, 0x3e, 0x50, 0xc7, 0x1f, 0xd8, 0xa3, 0x74, 0xc5, 0x6b, 0x0e, 0x92, 0x7b, 0x41,
        0x9c, 0xe2, 0x06, 0xad, 0xf3, 0x58, 0x21, 0xe7, 0x4a, 0x8d, 0xfc, 0x90, 0x35, 0x6b,
    ],
];
