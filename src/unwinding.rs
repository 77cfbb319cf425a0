//! How this program must be built: so that a panic unwinds.
//!
//! A photo or a model on which a decoder or the engine panics is rejected, with that as the reason,
//! and its neighbours are done. With `panic = "abort"` the same photo would end the process, and come
//! back with all of its neighbours, again and again.

#[cfg(not(panic = "unwind"))]
compile_error!(
    "lookbook contains the panics of decoders and models by unwinding: build it with \
     panic = \"unwind\" in the profile"
);
