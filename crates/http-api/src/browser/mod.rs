//! The pages of a sign-in and of an account: handlers that read cookies and forms, ask the engine, and render what it says.

pub mod account;
pub mod authorize;
pub mod choose;
pub mod consent;
pub mod cookies;
pub mod failure;
pub mod farewell;
pub mod invitation;
pub mod landing;
pub mod logout;
pub mod mail_link;
pub mod new_password;
pub mod recover;
pub mod register;
pub mod sign_in;
pub mod upstream;
pub mod user_agent;
pub mod verify;
pub mod view;
