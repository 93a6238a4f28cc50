//! Entries that wait for others of their order: in memory while they are few, else by the hash of the order's id,
//! and on disk where they are many.

use super::account::Reason;
use super::draft::{NO_DATE, NONE};
use super::entries::{Entries, Entry, More, Span, What};
use super::keys::Keys;
use crate::error::Result;
use crate::means::Memory;
use crate::money::{MICROS, Micros};
use crate::scratch::{Kept, Scratch};

/// Into how many parts entries are divided, once they are many.
const PARTS: usize = 256;

/// Entries of all files, part by part.
#[derive(Debug)]
pub(super) struct Log {
    memory: Memory,
    /// One part, or [`PARTS`].
    parts: Vec<Part>,
    /// It is never divided: some entries belong together that are not of one order.
    whole: bool,
    /// Bytes in memory.
    held: usize,
    disk: Scratch,
}

#[derive(Debug, Default, Clone)]
struct Part {
    bytes: Vec<u8>,
    /// The bytes before these.
    on_disk: Vec<Kept>,
}

impl Log {
    /// An empty log.
    pub(super) fn new(memory: Memory) -> Self {
        Self { memory, parts: vec![Part::default()], whole: false, held: 0, disk: Scratch::default() }
    }

    /// Keeps all entries together from now on, and in memory.
    ///
    /// # Errors
    /// The disk cannot be read.
    pub(super) fn keep_whole(&mut self) -> Result<()> {
        self.whole = true;
        if self.parts.len() > 1 {
            let parts = (0..self.parts.len()).map(|part| self.take(part)).collect::<Result<Vec<_>>>()?;
            let bytes = parts.concat();
            self.held = bytes.len();
            self.parts = vec![Part { bytes, on_disk: Vec::new() }];
        }
        Ok(())
    }

    /// Adds entries, packed by [`pack`].
    ///
    /// # Errors
    /// The disk is full.
    pub(super) fn add(&mut self, packed: &[u8]) -> Result<()> {
        if self.parts.len() == 1 && !self.whole && self.held + packed.len() > self.memory.undivided {
            let before = std::mem::replace(&mut self.parts, vec![Part::default(); PARTS]);
            self.held = 0;
            for part in before {
                self.divide(&part.bytes);
            }
        }
        if self.parts.len() == 1 {
            self.parts[0].bytes.extend_from_slice(packed);
            self.held += packed.len();
        } else {
            self.divide(packed);
        }
        if self.held > self.memory.orders && self.parts.len() > 1 {
            self.spill()?;
        }
        Ok(())
    }

    fn divide(&mut self, packed: &[u8]) {
        let mut rest = packed;
        while let Some((part, length)) = head(rest) {
            let (entry, next) = rest.split_at(length);
            self.parts[part].bytes.extend_from_slice(entry);
            self.held += entry.len();
            rest = next;
        }
    }

    /// Writes what is in memory to disk.
    fn spill(&mut self) -> Result<()> {
        for part in &mut self.parts {
            part.on_disk.push(self.disk.keep(&part.bytes)?);
            part.bytes.clear();
        }
        self.held = 0;
        Ok(())
    }

    /// How many parts there are. All entries of an order are in one.
    pub(super) fn parts(&self) -> usize {
        self.parts.len()
    }

    /// The entries of a part, packed, in the order they were added.
    ///
    /// # Errors
    /// The disk cannot be read.
    pub(super) fn take(&self, part: usize) -> Result<Vec<u8>> {
        let part = &self.parts[part];
        let mut bytes = Vec::new();
        self.disk.read(&part.on_disk, &mut bytes)?;
        bytes.extend_from_slice(&part.bytes);
        Ok(bytes)
    }
}

/// The part that the order of the first of some packed entries is in, and how long the entry is: two bytes say so, or
/// six where it is longer than they tell.
fn head(packed: &[u8]) -> Option<(usize, usize)> {
    match *packed {
        [part, length, ..] if length != LONG => Some((part.into(), 2 + usize::from(length))),
        [part, _, a, b, c, d, ..] => Some((part.into(), 6 + u32::from_le_bytes([a, b, c, d]) as usize)),
        _ => None,
    }
}

const LONG: u8 = u8::MAX;

/// What an entry has; the rest of it is left out.
mod has {
    pub(super) const ID: u16 = 1;
    pub(super) const TRANSACTION: u16 = 1 << 1;
    pub(super) const AT: u16 = 1 << 2;
    pub(super) const AMOUNT: u16 = 1 << 3;
    pub(super) const REFUNDED: u16 = 1 << 4;
    pub(super) const CUSTOMER: u16 = 1 << 5;
    pub(super) const CURRENCY: u16 = 1 << 6;
    pub(super) const RAW: u16 = 1 << 7;
    pub(super) const WRITTEN: u16 = 1 << 8;
    pub(super) const IS_REFUND: u16 = 1 << 9;
    pub(super) const WHOLLY_REFUNDED: u16 = 1 << 10;
    pub(super) const STATUS: u16 = 1 << 11;
    /// Two bits: 0 for a line, 1 for an unreadable row, 2 for a line left out, with a reason behind.
    pub(super) const WHAT: u16 = 1 << 12;
    pub(super) const DATED: u16 = 1 << 14;
    /// Its amount is one of cents, and is given in cents.
    pub(super) const CENTS: u16 = 1 << 15;
}

/// The reasons for which single lines are left out.
const REASONS: [Reason; 3] = [Reason::Status, Reason::RefundedInFull, Reason::AfterAsOf];

/// Packs entries, each behind its length and the part its order is in. `raw`: the bytes of an entry's row, where they
/// may be needed again.
pub(super) fn pack<'r>(
    entries: &Entries,
    file: u32,
    raw: impl Fn(&Entry) -> Option<&'r [u8]>,
    out: &mut Vec<u8>,
) {
    let mut packed = Vec::new();
    for (index, entry) in entries.list.iter().enumerate() {
        let id = entries.bytes(entry.id);
        packed.clear();
        pack_one(entries, index, (file, id, raw(entry)), &mut packed);
        // Rows without an id are spread by their place.
        let hash = id.map_or(entry.line.wrapping_mul(0x9e37_79b9_7f4a_7c15), Keys::hash);
        // Other bits than those that the tables of the parts go by.
        let [_, _, _, _, _, part, ..] = hash.to_le_bytes();
        out.push(part);
        match u8::try_from(packed.len()).ok().filter(|length| *length != LONG) {
            Some(length) => out.push(length),
            None => {
                let length = u32::try_from(packed.len()).expect("a row is shorter than 4 GB");
                out.push(LONG);
                out.extend_from_slice(&length.to_le_bytes());
            }
        }
        out.extend_from_slice(&packed);
    }
}

fn pack_one(
    entries: &Entries,
    index: usize,
    (file, id, raw): (u32, Option<&[u8]>, Option<&[u8]>),
    out: &mut Vec<u8>,
) {
    let entry = &entries.list[index];
    let more = entries.more(entry);
    let transaction = entries.bytes(more.transaction);
    let bit = |is: bool, bit: u16| if is { bit } else { 0 };
    let dated = entries.dated(more.dated);
    let is_cents = entry.amount % CENT == 0;
    let (what, reason) = match entry.what {
        What::Line => (0, None),
        What::Unreadable => (1, None),
        What::LeftOut(reason) => (2, REASONS.iter().position(|known| *known == reason)),
    };
    let flags = bit(id.is_some(), has::ID)
        | bit(transaction.is_some(), has::TRANSACTION)
        | bit(entry.at != NO_DATE, has::AT)
        | bit(entry.has_amount, has::AMOUNT)
        | bit(more.refunded.is_some(), has::REFUNDED)
        | bit(entry.customer != NONE, has::CUSTOMER)
        | bit(entry.currency != NONE, has::CURRENCY)
        | bit(raw.is_some(), has::RAW)
        | bit(transaction.is_some() && more.written.is_some(), has::WRITTEN)
        | bit(entry.is_refund, has::IS_REFUND)
        | bit(entry.wholly_refunded, has::WHOLLY_REFUNDED)
        | bit(entry.has_status, has::STATUS)
        | bit(!dated.is_empty(), has::DATED)
        | bit(is_cents, has::CENTS)
        | (what * has::WHAT);
    out.extend_from_slice(&flags.to_le_bytes());
    number(file.into(), out);
    number(entry.line, out);
    if let Some(reason) = reason {
        number(reason as u64, out);
    }
    for text in [id, transaction].into_iter().flatten() {
        number(text.len() as u64, out);
        out.extend_from_slice(text);
    }
    let written = more.written.filter(|_| transaction.is_some());
    let at = (entry.at != NO_DATE).then_some(entry.at);
    let amount = entry.amount().map(|amount| if is_cents { amount / CENT } else { amount });
    for value in [at, amount, written, more.refunded].into_iter().flatten() {
        signed(value, out);
    }
    for name in [entry.customer, entry.currency].into_iter().filter(|name| *name != NONE) {
        number(name.into(), out);
    }
    if !dated.is_empty() {
        number(dated.len() as u64, out);
    }
    for (at, amount) in dated {
        signed(*at, out);
        signed(*amount, out);
    }
    for value in entries.segments(index) {
        number(u64::from(value.wrapping_add(1)), out);
    }
    out.extend_from_slice(raw.unwrap_or_default());
}

const CENT: Micros = MICROS / 100;

/// Seven bits a byte, the lowest first.
fn number(mut value: u64, out: &mut Vec<u8>) {
    while value > 0x7f {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

fn signed(value: i64, out: &mut Vec<u8>) {
    number((value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned(), out);
}

/// Reads packed entries one after the other.
pub(super) struct Unpacker<'p> {
    rest: &'p [u8],
    columns: usize,
    entries: Entries,
    segments: Vec<u32>,
}

impl<'p> Unpacker<'p> {
    /// The entries of these bytes, with so many segmenting columns.
    pub(super) fn new(packed: &'p [u8], columns: usize) -> Self {
        Self { rest: packed, columns, entries: Entries::new(columns), segments: vec![NONE; columns] }
    }

    /// The next entry, which is the only one of these, its file, and the bytes of its row where they were packed.
    pub(super) fn next(&mut self) -> Option<(&Entries, u32, &'p [u8])> {
        let (_, length) = head(self.rest)?;
        let (entry, rest) = self.rest.split_at(length);
        let mut bytes = &entry[if entry[1] == LONG { 6 } else { 2 }..];
        self.rest = rest;
        self.entries.clear();
        let (flags, rest) = bytes.split_first_chunk::<2>()?;
        let flags = u16::from_le_bytes(*flags);
        bytes = rest;
        let has = |bit: u16| flags & bit > 0;
        let mut take = || unsigned(&mut bytes);
        let file = short(take());
        let mut entry = Entry::at(0, take());
        entry.what = match flags / has::WHAT % 4 {
            0 => What::Line,
            1 => What::Unreadable,
            _ => What::LeftOut(REASONS[short(take()) as usize % REASONS.len()]),
        };
        let mut text = |is: bool| {
            if !is {
                return Span::NONE;
            }
            let length = short(unsigned(&mut bytes)) as usize;
            let (text, rest) = bytes.split_at(length);
            bytes = rest;
            self.entries.keep(text)
        };
        entry.id = text(has(has::ID));
        let transaction = text(has(has::TRANSACTION));
        let mut value = |is: bool| is.then(|| zigzag(unsigned(&mut bytes)));
        entry.at = value(has(has::AT)).unwrap_or(NO_DATE);
        entry.has_amount = has(has::AMOUNT);
        let unit = if has(has::CENTS) { CENT } else { 1 };
        entry.amount = value(has(has::AMOUNT)).unwrap_or_default() * unit;
        let written = value(has(has::WRITTEN));
        let refunded = value(has(has::REFUNDED));
        let mut name = |is: bool| if is { short(unsigned(&mut bytes)) } else { NONE };
        entry.customer = name(has(has::CUSTOMER));
        entry.currency = name(has(has::CURRENCY));
        let dated = if has(has::DATED) { unsigned(&mut bytes) } else { 0 };
        let dated: Vec<(i64, Micros)> =
            (0..dated).map(|_| (zigzag(unsigned(&mut bytes)), zigzag(unsigned(&mut bytes)))).collect();
        let dated = self.entries.keep_dated(&dated);
        entry.more = self.entries.keep_more(More { transaction, written, refunded, dated });
        entry.is_refund = has(has::IS_REFUND);
        entry.wholly_refunded = has(has::WHOLLY_REFUNDED);
        entry.has_status = has(has::STATUS);
        for value in &mut self.segments[..self.columns] {
            *value = short(unsigned(&mut bytes)).wrapping_sub(1);
        }
        self.entries.push(entry, &self.segments);
        Some((&self.entries, file, bytes))
    }
}

fn short(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(NONE)
}

fn unsigned(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

fn zigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Entries {
        let mut entries = Entries::new(2);
        for line in 1..=300_u64 {
            let mut entry = Entry::at(0, line);
            let odd = line % 2 == 1;
            entry.id = if line % 5 == 0 {
                Span::NONE
            } else {
                entries.keep(format!("order {}", line / 3).as_bytes())
            };
            let transaction = if odd { entries.keep(b"t") } else { Span::NONE };
            entry.what = match line % 7 {
                0 => What::LeftOut(Reason::AfterAsOf),
                1 => What::Unreadable,
                _ => What::Line,
            };
            entry.at =
                if line % 11 == 0 { NO_DATE } else { 1_700_000_000 - line.cast_signed() * 1_000_000_000 };
            entry.has_amount = line % 13 != 0;
            let unit = if line % 3 == 0 { CENT } else { 1 << 40 };
            entry.amount = if entry.has_amount { -(line.cast_signed() * unit) } else { 0 };
            let (written, refunded) = (odd.then_some(i64::MIN), odd.then_some(i64::MAX));
            entry.customer = if odd { NONE } else { u32::MAX - 1 };
            entry.currency = if odd { 0 } else { NONE };
            entry.is_refund = odd;
            entry.wholly_refunded = !odd;
            entry.has_status = odd;
            let dated = entries.keep_dated(if odd { &[(5, -6), (7, 8)] } else { &[] });
            entry.more = entries.keep_more(More { transaction, written, refunded, dated });
            entries.push(entry, &[NONE, u32::try_from(line).expect("small")]);
        }
        entries
    }

    fn shown(entries: &Entries, index: usize, file: u32, raw: &[u8]) -> String {
        let entry = &entries.list[index];
        let texts =
            [entry.id, entries.more(entry).transaction].map(|span| entries.bytes(span).map(<[u8]>::to_vec));
        format!("{:?} {:?} {texts:?} {raw:?}", entry.what, entries.line(index, file, raw))
    }

    /// What goes in comes out, an order's entries in one part and in their order; in memory, divided, and on disk.
    #[test]
    fn entries_come_back_by_order() {
        let entries = entries();
        let row = [b'r'; 300];
        let raw = |entry: &Entry| {
            (entry.line % 2 == 1).then(|| &row[usize::try_from(entry.line).expect("small")..])
        };
        let mut packed = Vec::new();
        pack(&entries, 3, raw, &mut packed);
        let mut expected: Vec<String> = (0..300)
            .map(|index| shown(&entries, index, 3, raw(&entries.list[index]).unwrap_or_default()))
            .collect();
        expected.sort();
        for (undivided, orders, parts) in
            [(1 << 20, 1 << 20, 1), (1 << 20, 0, 1), (0, 1 << 20, PARTS), (0, 0, PARTS), (0, 0, 1)]
        {
            let mut log = Log::new(Memory { undivided, orders, ..Memory::default() });
            let (_, length) = head(&packed).expect("an entry");
            let (first, second) = packed.split_at(length);
            log.add(first).expect("room");
            log.add(second).expect("room");
            assert_eq!(log.disk.is_used(), undivided == 0 && orders == 0);
            if parts == 1 {
                log.keep_whole().expect("readable");
            }
            assert_eq!(log.parts(), parts);
            let (mut all, mut part_of) = (Vec::new(), std::collections::HashMap::new());
            for part in 0..log.parts() {
                let bytes = log.take(part).expect("readable");
                let mut unpacker = Unpacker::new(&bytes, 2);
                while let Some((entries, file, raw)) = unpacker.next() {
                    let entry = &entries.list[0];
                    if let Some(id) = entries.bytes(entry.id) {
                        let known = part_of.entry(id.to_vec()).or_insert((part, 0));
                        assert!(known.0 == part && known.1 < entry.line);
                        known.1 = entry.line;
                    }
                    all.push(shown(entries, 0, file, raw));
                }
            }
            all.sort();
            assert_eq!(all, expected);
        }
    }
}
