#[cfg(test)]
mod tests {
    use std::fs::File;

    #[test]
    fn leaks() {
        std::mem::forget(File::open("/etc/hosts").unwrap());
    }

    #[test]
    fn tidy() {
        File::open("/etc/hosts").unwrap();
    }
}
