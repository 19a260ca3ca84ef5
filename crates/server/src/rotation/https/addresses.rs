//! Which addresses a rotator may have: public ones, and those that the operator lists. Pure.
//!
//! Whoever controls a name in the DNS decides what it stands for, at any moment. A rotator is sent credentials, so a name
//! must not lead to this host, to a metadata service or into the network around it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Whether a rotator may be reached at an address.
pub(super) fn is_allowed(address: IpAddr, listed: &[IpNet]) -> bool {
    // `::ffff:127.0.0.1` is 127.0.0.1.
    let address = address.to_canonical();
    is_public(address) || listed.iter().any(|range| range.contains(&address))
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Outside of everything that IANA has set aside for special purposes.
fn is_public_v4(address: Ipv4Addr) -> bool {
    match address.octets() {
        [0 | 10 | 127 | 224..=255, ..]
        | [100, 64..=127, ..]
        | [169, 254, ..]
        | [172, 16..=31, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [192, 168, ..]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => false,
        [..] => true,
    }
}

/// Within 2000::/3, the only global unicast addresses there are, and outside of what is set aside in it: 2001::/23
/// (Teredo and others), documentation, and 6to4, which leads to any IPv4 address.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => (0x2000..=0x3fff).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(address: &str, listed: &[&str]) -> bool {
        let listed: Vec<IpNet> = listed.iter().map(|range| range.parse().unwrap()).collect();
        is_allowed(address.parse().unwrap(), &listed)
    }

    #[test]
    fn public_addresses_need_no_mention() {
        for public in [
            "1.1.1.1",
            "52.94.76.1",
            "100.63.255.255",
            "172.32.0.1",
            "192.167.255.255",
            "2606:4700:4700::1111",
            "2a05:d018::1",
            "::ffff:1.1.1.1",
        ] {
            assert!(allowed(public, &[]), "{public}");
        }
    }

    #[test]
    fn everything_else_only_where_it_is_listed() {
        for special in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!allowed(special, &[]), "{special}");
            assert!(allowed(special, &["0.0.0.0/0", "::/0"]), "{special}");
        }
    }

    #[test]
    fn a_listed_range_allows_what_is_in_it_in_either_spelling() {
        assert!(allowed("10.1.2.3", &["10.1.0.0/16"]));
        assert!(allowed("::ffff:10.1.2.3", &["10.1.0.0/16"]));
        assert!(!allowed("10.2.0.1", &["10.1.0.0/16"]));
        assert!(allowed("fd00::5", &["fd00::/8"]));
        assert!(!allowed("127.0.0.1", &["fd00::/8", "10.0.0.0/8"]));
    }
}
