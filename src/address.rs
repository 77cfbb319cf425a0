//! Web addresses as people may see them.

/// A web address as errors and logs show it: without what may be secret, which is what follows `?` or
/// `#` and what stands before `@`, and not too long.
#[must_use]
pub fn shown(url: &str) -> String {
    let plain = url.split(['?', '#']).next().unwrap_or_default();
    let plain = match plain.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        None => plain.to_owned(),
    };
    plain.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_shown() {
        for (url, expected) in [
            ("https://a.example/b.jpg?X-Amz-Signature=secret", "https://a.example/b.jpg"),
            ("https://user:secret@a.example/b?secret#secret", "https://a.example/b"),
            ("https://a.example?secret", "https://a.example"),
            ("https://a.example/@b", "https://a.example/@b"),
            ("plain", "plain"),
        ] {
            assert_eq!(shown(url), expected);
        }
        assert_eq!(shown(&format!("https://{}", "é".repeat(300))).chars().count(), 200);
    }
}
