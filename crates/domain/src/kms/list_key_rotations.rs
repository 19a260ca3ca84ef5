//! `kms:ListKeyRotations`

use api::kms::{
    Error, IncludeKeyMaterial, KeyMaterialState, RotationsListEntry,
    list_key_rotations::{Input, ListKeyRotations, Output},
};
use store::kms::MaterialRow;
use types::Fault;

use super::{authorize::Use, key::Key, locate, page::Page};
use crate::{Cx, Operation};

impl Operation for ListKeyRotations {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let page = Page::new(input.limit, input.marker, |marker| {
            marker.parse::<usize>().is_ok()
        })?;
        let located = locate::locate_own(cx, &input.key_id).await?;
        let key = located
            .authorize(cx, Use::of("kms:ListKeyRotations"))
            .await?;

        let all = input.include_key_material == Some(IncludeKeyMaterial::AllKeyMaterial);
        let materials = cx.db.kms_materials(&key.row.address).await?;
        let listed = materials.into_iter().enumerate();
        let listed = listed.filter(|(_, one)| all || one.rotation_type.is_some());
        // Rotations are only ever added at the end, so a place in the list is a marker.
        let after = page.after.parse::<usize>().ok();
        let mut listed: Vec<_> = listed
            .filter(|(place, _)| after.is_none_or(|after| *place > after))
            .collect();
        let next_marker = page.cut(&mut listed, |(place, _)| place.to_string());

        let entries = listed.into_iter().map(|(_, one)| entry(&key, one));
        Ok(Output {
            rotations: Some(entries.collect::<Result<_, _>>()?),
            truncated: Some(next_marker.is_some()),
            next_marker,
        })
    }
}

fn entry(key: &Key, material: MaterialRow) -> Result<RotationsListEntry, Fault> {
    let kind = material.rotation_type.map(|kind| kind.parse());
    let kind = kind.transpose().map_err(Fault::new)?;
    let current = material.id == key.row.current_material;
    Ok(RotationsListEntry {
        key_id: Some(key.arn()),
        key_material_id: Some(material.id),
        key_material_state: Some(if current {
            KeyMaterialState::Current
        } else {
            KeyMaterialState::NonCurrent
        }),
        // The first material came with the key, by no rotation.
        rotation_date: kind.is_some().then_some(material.created),
        rotation_type: kind,
        ..RotationsListEntry::default()
    })
}
