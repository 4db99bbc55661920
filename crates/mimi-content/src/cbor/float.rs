//! Floats, RFC 8949 sections 3.3 and 4.2.2: each in the shortest of three widths that carries it exactly.

/// A floating point number. There is one NaN only (section 6.2); numbers are equal when their bits are, so that
/// `-0.0` and `0.0` stay apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Float(u64);

const NAN: u64 = 0x7ff8_0000_0000_0000;

impl Float {
    /// Takes a number; any NaN becomes the one that may be sent.
    pub const fn new(value: f64) -> Self {
        if value.is_nan() { Self(NAN) } else { Self(value.to_bits()) }
    }

    /// The number.
    pub const fn value(self) -> f64 {
        f64::from_bits(self.0)
    }

    /// Octets after the head, which is also the choice of the width: 2, 4 or 8, and the bits in that width.
    pub(crate) fn shortest(self) -> (u8, u64) {
        if self.0 == NAN {
            return (2, 0x7e00);
        }
        match single_of_double(self.0) {
            None => (8, self.0),
            Some(single) => match half_of_single(single) {
                None => (4, u64::from(single)),
                Some(half) => (2, u64::from(half)),
            },
        }
    }

    pub(crate) fn from_half(bits: u16) -> Self {
        let sign = u64::from(bits >> 15) << 63;
        let exponent = (bits >> 10) & 0x1f;
        let fraction = u64::from(bits & 0x3ff);
        let magnitude = match exponent {
            0 => (fraction as f64 / 16_777_216.0).to_bits(),
            0x1f => 0x7ff0_0000_0000_0000 | (fraction << 42),
            _ => ((u64::from(exponent) + 1008) << 52) | (fraction << 42),
        };
        Self(sign | magnitude)
    }

    pub(crate) fn from_single(bits: u32) -> Self {
        Self(f64::from(f32::from_bits(bits)).to_bits())
    }

    pub(crate) const fn from_double(bits: u64) -> Self {
        Self(bits)
    }
}

impl From<f64> for Float {
    fn from(value: f64) -> Self {
        Self::new(value)
    }
}

/// The single-precision bits of the same number, if there are any; NaN has none.
pub(crate) fn single_of_double(bits: u64) -> Option<u32> {
    let single = f64::from_bits(bits) as f32;
    (f64::from(single).to_bits() == bits && !single.is_nan()).then(|| single.to_bits())
}

/// The half-precision bits of the same number, if there are any; NaN has none.
pub(crate) fn half_of_single(bits: u32) -> Option<u16> {
    let sign = ((bits >> 16) & 0x8000) as u16;
    let exponent = (bits >> 23) & 0xff;
    let fraction = bits & 0x7f_ffff;
    let magnitude = match exponent {
        0xff if fraction == 0 => 0x7c00,
        0 if fraction == 0 => 0,
        // Normal halves have exponents -14 to 15; the fraction loses 13 bits.
        113..=142 if fraction.trailing_zeros() >= 13 => (((exponent - 112) << 10) | (fraction >> 13)) as u16,
        // Subnormal halves are multiples of 2^-24.
        103..=112 => {
            let significand = fraction | 0x80_0000;
            let shift = 126 - exponent;
            if significand.trailing_zeros() < shift {
                return None;
            }
            (significand >> shift) as u16
        }
        _ => return None,
    };
    Some(sign | magnitude)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_half_is_found_again_as_a_half() {
        for bits in 0..=u16::MAX {
            let float = Float::from_half(bits);
            if float.value().is_nan() {
                continue;
            }
            assert_eq!(float.shortest(), (2, u64::from(bits)), "{bits:04x}");
        }
    }

    #[test]
    fn the_floats_of_rfc_8949_appendix_a_have_the_widths_given_there() {
        for (value, width, bits) in [
            (0.0, 2, 0),
            (-0.0, 2, 0x8000),
            (1.5, 2, 0x3e00),
            (65504.0, 2, 0x7bff),
            (5.960_464_477_539_063e-8, 2, 0x0001),
            (0.000_061_035_156_25, 2, 0x0400),
            (100_000.0, 4, 0x47c3_5000),
            (3.402_823_466_385_288_6e38, 4, 0x7f7f_ffff),
            (1.1, 8, 0x3ff1_9999_9999_999a),
            (1.0e300, 8, 0x7e37_e43c_8800_759c),
            (f64::INFINITY, 2, 0x7c00),
            (f64::NAN, 2, 0x7e00),
        ] {
            assert_eq!(Float::new(value).shortest(), (width, bits), "{value}");
        }
    }
}
