//! The engine's lists of its own parts, or none.
//!
//! `tract` lists its runtimes, its transforms of models and its kernels with the crate
//! [`inventory`](https://docs.rs/inventory), so that they can be found by their names. What is listed so is
//! part of every program, called or not, and with the runtimes come all operators and all passes over models:
//! 6 MB of a function. lookbook has operators of its own and asks for none by name. So this crate takes the
//! place of that one: with the feature `registries` it is that one, and without it, it lists nothing.

#[cfg(feature = "registries")]
pub use kept::*;

#[cfg(not(feature = "registries"))]
pub use empty::{Collect, iter};

#[cfg(not(feature = "registries"))]
mod empty {
    use std::convert::Infallible;
    use std::marker::PhantomData;
    use std::ops::Deref;

    /// What may be listed.
    pub trait Collect: Sync + Sized + 'static {}

    /// A list: the value `iter::<T>`, which can be called or iterated over.
    #[allow(non_camel_case_types, reason = "as that of the crate whose place this takes")]
    #[derive(Debug)]
    pub enum List<T> {
        /// Never made; it makes `T` a part of the type.
        Of(PhantomData<T>, Infallible),
        /// The list.
        iter,
    }

    /// What is named twice, as a value here and as a type below, may come from a glob alone.
    mod value {
        pub use super::List::iter;
    }

    pub use value::*;

    /// The type of a list.
    #[allow(non_camel_case_types, reason = "as that of the crate whose place this takes")]
    pub type iter<T> = List<T>;

    impl<T: Collect> IntoIterator for List<T> {
        type Item = &'static T;
        type IntoIter = std::iter::Empty<&'static T>;

        fn into_iter(self) -> Self::IntoIter {
            std::iter::empty()
        }
    }

    impl<T: Collect> Deref for List<T> {
        type Target = fn() -> std::iter::Empty<&'static T>;

        fn deref(&self) -> &Self::Target {
            &(std::iter::empty::<&'static T> as fn() -> std::iter::Empty<&'static T>)
        }
    }
}

/// Says that values of a type may be listed.
#[cfg(not(feature = "registries"))]
#[macro_export]
macro_rules! collect {
    ($type:ty) => {
        impl $crate::Collect for $type {}
    };
}

/// Looks at a value's type, and lists it nowhere.
#[cfg(not(feature = "registries"))]
#[macro_export]
macro_rules! submit {
    ($($value:tt)*) => {
        const _: () = {
            #[allow(dead_code, clippy::unnecessary_wraps)]
            fn unlisted() {
                let _ = { $($value)* };
            }
        };
    };
}

#[cfg(all(test, not(feature = "registries")))]
mod tests {
    struct Part;

    collect!(Part);
    submit! { Part }

    #[test]
    fn what_is_submitted_is_not_listed() {
        assert_eq!(crate::iter::<Part>().count(), 0);
        assert_eq!(crate::iter::<Part>.into_iter().count(), 0);
    }
}
