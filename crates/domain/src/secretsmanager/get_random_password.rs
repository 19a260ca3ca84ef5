//! `secretsmanager:GetRandomPassword`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        get_random_password::{GetRandomPassword, Input, Output},
    },
};

use super::password::{self, Recipe, Refused};
use crate::{Access, Cx, Operation};

const DEFAULT_LENGTH: usize = 32;

impl Operation for GetRandomPassword {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let on = |flag: Option<bool>| flag.unwrap_or(false);
        let length = input.password_length.map(usize::try_from);
        let recipe = Recipe {
            length: length.and_then(Result::ok).unwrap_or(DEFAULT_LENGTH),
            excluded: input.exclude_characters.unwrap_or_default(),
            lowercase: !on(input.exclude_lowercase),
            uppercase: !on(input.exclude_uppercase),
            numbers: !on(input.exclude_numbers),
            punctuation: !on(input.exclude_punctuation),
            space: on(input.include_space),
            one_of_each: input.require_each_included_type.unwrap_or(true),
        };
        let made = password::draw(&recipe, cx.entropy());
        let made = made.map_err(|refused: Refused| Error::InvalidParameter(refused.to_string()))?;
        Ok(Output {
            random_password: Some(made),
        })
    }
}
