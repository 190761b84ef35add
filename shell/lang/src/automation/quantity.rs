//! Numbers of automations: durations, counts, shares.

use std::time::Duration;

use hailer_protocol::automation::Hold;
use hailer_protocol::limits::AUTOMATION_DURATION_MAX;
use hailer_protocol::units::{duration_text, parse_quantity};
use hailer_protocol::value::Value;

use super::pieces::{Piece, Pieces};
use crate::diagnostic::{Code, Diagnostic};

/// Writes a duration as the language reads it.
pub(super) fn written(duration: Duration) -> String {
    duration_text(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
}

/// Writes hundredths of a percent.
pub(super) fn percent(basis_points: u16) -> String {
    let (whole, rest) = (basis_points / 100, basis_points % 100);
    match (rest / 10, rest % 10) {
        (0, 0) => format!("{whole}%"),
        (tenths, 0) => format!("{whole}.{tenths}%"),
        (_, _) => format!("{whole}.{rest:02}%"),
    }
}

/// Reads a duration between two bounds.
pub(super) fn duration(
    pieces: &mut Pieces<'_>,
    min: Duration,
    max: Duration,
    errors: &mut Vec<Diagnostic>,
) -> Option<Duration> {
    let Some(piece) = pieces.take() else {
        errors.push(pieces.wrong("a duration, such as `30s`"));
        return None;
    };
    of_piece(piece, piece.text, min, max, errors)
}

/// Reads a duration that is a part of a piece.
pub(super) fn of_piece(
    piece: Piece<'_>,
    text: &str,
    min: Duration,
    max: Duration,
    errors: &mut Vec<Diagnostic>,
) -> Option<Duration> {
    let max = max.min(AUTOMATION_DURATION_MAX);
    let wrong = |message: String, help: String| {
        Diagnostic::new(Code::BadNumber, piece.span, message)
            .label("how long?")
            .help(help)
    };
    let nanoseconds = match parse_quantity(text) {
        Some(Value::Duration(ns)) if !piece.is_quoted => u64::try_from(ns).ok(),
        Some(_) | None => None,
    };
    let Some(found) = nanoseconds.map(Duration::from_nanos) else {
        let help = if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
            format!("did you mean `{text}s`?")
        } else {
            "write it as `30s`, `5m` or `1h30m`".to_owned()
        };
        errors.push(wrong(format!("`{text}` is no duration"), help));
        return None;
    };
    if found < min || found > max {
        let message = format!(
            "`{text}` is too {}",
            if found < min { "short" } else { "long" }
        );
        let help = format!("from {} to {}", written(min), written(max));
        errors.push(wrong(message, help));
        return None;
    }
    Some(found)
}

/// Reads a whole number between two bounds.
pub(super) fn count(
    pieces: &mut Pieces<'_>,
    what: &str,
    (min, max): (u32, u32),
    errors: &mut Vec<Diagnostic>,
) -> Option<u32> {
    let Some(piece) = pieces.take() else {
        errors.push(pieces.wrong(what));
        return None;
    };
    whole(piece, piece.text, what, (min, max), errors)
}

/// Reads a whole number that is a part of a piece.
pub(super) fn whole(
    piece: Piece<'_>,
    text: &str,
    what: &str,
    (min, max): (u32, u32),
    errors: &mut Vec<Diagnostic>,
) -> Option<u32> {
    let is_number =
        !piece.is_quoted && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let found = text
        .parse::<u32>()
        .ok()
        .filter(|n| is_number && (min..=max).contains(n));
    if found.is_none() {
        errors.push(
            Diagnostic::new(
                Code::BadNumber,
                piece.span,
                format!("`{text}` is not {what}"),
            )
            .label("expected a whole number")
            .help(format!("from {min} to {max}")),
        );
    }
    found
}

/// Reads `5%` as hundredths of a percent.
pub(super) fn share(piece: Piece<'_>, errors: &mut Vec<Diagnostic>) -> Option<u16> {
    let points = match parse_quantity(piece.text) {
        Some(Value::Percent(points)) if !piece.is_quoted => Some(points),
        Some(_) | None => None,
    };
    let found = points
        .filter(|p| (0.01..=100.0).contains(p))
        .map(|p| (p * 100.0).round());
    if found.is_none() {
        errors.push(
            Diagnostic::new(
                Code::BadNumber,
                piece.span,
                format!("`{}` is no share", piece.text),
            )
            .label("expected a percentage")
            .help("from 0.01% to 100%"),
        );
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is a whole number from 1 to 10,000"
    )]
    found.map(|p| p as u16)
}

/// Reads `30s` or `15 of 30`.
pub(super) fn hold(pieces: &mut Pieces<'_>, errors: &mut Vec<Diagnostic>) -> Option<Hold> {
    let first = pieces.peek();
    let is_count = first.is_some_and(|p| p.text.bytes().all(|b| b.is_ascii_digit()));
    let mut ahead = pieces.clone();
    ahead.take();
    if !(is_count && ahead.peek().is_some_and(|p| p.text == "of")) {
        let second = Duration::from_secs(1);
        return duration(pieces, second, AUTOMATION_DURATION_MAX, errors).map(Hold::For);
    }
    let looks = (0, u32::from(u16::MAX));
    let m = count(pieces, "a number of looks", looks, errors)?;
    pieces.expect("of", errors)?;
    let last = pieces.peek();
    let n = count(pieces, "a number of looks", looks, errors)?;
    let narrow = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
    match Hold::of(narrow(m), narrow(n)) {
        Ok(hold) => Some(hold),
        Err(error) => {
            let span = first?.span.to(last?.span);
            errors.push(
                Diagnostic::new(Code::BadNumber, span, error.to_string())
                    .label("at how many looks?")
                    .help(format!(
                        "write `M of N`, such as `15 of 30`, with N up to {}",
                        Hold::LOOKS_MAX
                    )),
            );
            None
        }
    }
}

/// Writes what has to hold.
pub(super) fn hold_text(hold: Hold) -> String {
    match hold {
        Hold::For(time) => written(time),
        Hold::Of { m, n } => format!("{m} of {n}"),
    }
}
