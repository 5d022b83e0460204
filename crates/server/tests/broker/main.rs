//! The broker over real sockets: a server in this process, browsers played by HTTP and WebSocket clients.
//!
//! [`stage`] starts the server and plays the browser. [`doors`] is about who gets in, [`messages`] about what may be
//! said, [`delivery`] about cards and actions, [`ends`] about how sockets are closed, [`page`] about the static files,
//! [`replay`] about panels that share a socket, [`typing`] about who types, [`embedding`] about frames in other pages.

mod delivery;
mod doors;
mod embedding;
mod ends;
mod messages;
mod page;
mod replay;
mod stage;
mod typing;
