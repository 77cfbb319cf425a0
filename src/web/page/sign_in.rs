//! Where a visitor says who may write.

use askama::Template;

use super::Html;
use super::site::Site;

/// `GET /sign-in`, and the answer to `POST /sign-in` if the token is not right.
#[derive(Debug, Clone, Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    /// What all pages share.
    pub site: Site,
    /// The path to go on to, which the form sends along.
    pub next: String,
    /// What is wrong with the token that was sent, in a sentence.
    pub error: Option<String>,
}

impl SignInPage {
    /// The page.
    pub fn html(&self) -> Html {
        self.render()
    }
}
