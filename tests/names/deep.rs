// deep.rs - the same for Rust: the calls lie in the standard library, inlined or not; here are their callers.
use std::fs::File;
use std::mem::forget;

mod net {
    pub struct Pool<T>(pub T);

    impl<T: AsRef<str>> Pool<T> {
        #[inline(never)]
        pub fn open(&self) -> usize {
            let file = std::fs::File::open(self.0.as_ref()).unwrap();
            std::mem::forget(file);
            self.0.as_ref().len()
        }
    }

    pub trait Opens {
        fn open_all(&self) -> usize;
    }

    impl Opens for [&str] {
        #[inline(never)]
        fn open_all(&self) -> usize {
            self.iter().map(|name| Pool(*name).open()).sum()
        }
    }
}

#[inline(always)]
fn inner(name: &str) -> usize {
    forget(File::open(name).unwrap());
    name.len()
}

#[inline(never)]
fn outer(name: &str) -> usize {
    inner(name) + 1
}

fn main() {
    use net::Opens;
    let sum = outer("/dev/null") + ["/dev/null", "/dev/zero"].open_all();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    forget(socket);
    std::process::exit((sum == 0) as i32);
}
