use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A photo as a listing has it: what the model said, and what a person said of it.
fn photo(label: &str, confidence: f32, said: Option<&str>) -> Listing {
    let mut row = json!({
        "image": "shop/a.jpg", "bucket": "shop", "key": "a.jpg", "shelf": label,
        "added_at": "2026-01-15T09:30:00Z", "label": label, "confidence": confidence,
        "content_sha256": "x", "model_id": "m",
    });
    if let Some(said) = said {
        row["reviewed_label"] = said.into();
        row["reviewed_sha256"] = "x".into();
    }
    serde_json::from_value(row).unwrap()
}

fn target(share: f64) -> Target {
    share.to_string().parse().unwrap()
}

/// So many reviewed photos of that confidence, of which so many are right.
fn reviewed(confidence: f32, n: usize, right: usize) -> Vec<Listing> {
    (0..n).map(|i| photo("hat", confidence, Some(if i < right { "hat" } else { "cap" }))).collect()
}

#[test]
fn counts_by_hand() {
    let mut of_other_content = photo("hat", 0.95, Some("skirt"));
    of_other_content.reviewed_sha256 = Some("y".into());
    let mut rejected = photo("hat", 0.95, Some("hat"));
    rejected.label = None;
    let agreement = Agreement::of(
        [
            photo("hat", 0.5, Some("hat")),
            photo("hat", 0.75, Some("cap")),
            photo("hat", 0.75, Some("rejected")),
            photo("hat", 0.25, Some("rejected")),
            photo("skirt", 1.0, None),
            of_other_content,
            rejected,
        ],
        Target::default(),
    );
    assert_eq!((agreement.photos, agreement.reviewed, agreement.right), (6, 4, 1));
    assert_eq!((agreement.share, agreement.models), (Some(0.25), 1));
    let said = |said: &str, photos| Said { said: said.into(), photos };
    let [hat, skirt] = agreement.by_label.as_slice() else { panic!("{agreement:?}") };
    assert_eq!((hat.photos, hat.reviewed, hat.right, hat.share), (5, 4, 1, Some(0.25)));
    assert_eq!(hat.instead, [said("rejected", 2), said("cap", 1)]);
    assert_eq!((skirt.photos, skirt.reviewed, skirt.share), (1, 0, None));
    let bins: Vec<_> = agreement.by_confidence.iter().filter(|bin| bin.photos > 0).collect();
    let ends: Vec<_> = bins.iter().map(|bin| (bin.from, bin.to, bin.photos)).collect();
    let expected = [(0.2, 0.3, 1), (0.5, 0.6, 1), (0.7, 0.8, 2), (0.95, 0.98, 1), (0.99, 1.0, 1)];
    assert_eq!(ends, expected);
    assert_eq!((bins[2].reviewed, bins[2].right, bins[2].confidence), (2, 0, Some(0.75)));
    assert_eq!((bins[4].share, bins[4].confidence), (None, None));
}

#[test]
fn nothing_counted_is_no_error() {
    let agreement = Agreement::of([], Target::default());
    assert_eq!((agreement.photos, agreement.share), (0, None));
    assert_eq!(agreement.advice, Advice::TooFew { reviewed: 0, needed: 133 });
}

#[test]
fn the_lower_end_is_wilsons() {
    for (right, n, expected) in
        [(8, 10, 0.540_792_8), (133, 133, 0.980_063_1), (98, 100, 0.941_351_6), (0, 5, 0.0)]
    {
        assert!((at_least(right, n) - expected).abs() < 1e-6, "{right} of {n}");
    }
}

#[test]
fn too_few_reviews_give_no_advice_and_say_how_many_it_takes() {
    let advice = |n| Agreement::of(reviewed(0.9, n, n), Target::default()).advice;
    assert_eq!(advice(132), Advice::TooFew { reviewed: 132, needed: 133 });
    let Advice::ReviewBelow(threshold) = advice(133) else { panic!("133 are enough") };
    assert_eq!((threshold.review_below, threshold.reviewed), (0.9, 133));
}

#[test]
fn the_lowest_threshold_is_advised_and_what_it_costs() {
    let mut photos = reviewed(0.9, 200, 200);
    photos.extend(reviewed(0.6, 10, 10));
    photos.extend(reviewed(0.5, 50, 20));
    photos.extend((0..90).map(|_| photo("hat", 0.55, None)));
    photos.extend((0..10).map(|_| photo("hat", 0.95, None)));
    let Advice::ReviewBelow(threshold) = Agreement::of(photos, Target::default()).advice else {
        panic!("it is met")
    };
    // Between 0.5 and 0.6 nobody looked, so nothing is known there.
    assert_eq!((threshold.review_below, threshold.reviewed, threshold.right), (0.6, 210, 210));
    assert_eq!((threshold.to_review, threshold.to_review_share), (140, 140.0 / 360.0));
}

#[test]
fn a_target_out_of_reach_is_said_to_be_so() {
    let mut photos = reviewed(0.99, 150, 149);
    photos.extend(reviewed(0.4, 100, 10));
    let Advice::OutOfReach(threshold) = Agreement::of(photos, Target::default()).advice else {
        panic!("it is not met")
    };
    assert_eq!((threshold.review_below, threshold.reviewed, threshold.right), (0.99, 150, 149));
    assert!(threshold.at_least < 0.98);
}

#[test]
fn what_is_no_confidence_is_passed_over() {
    let photos = [f32::NAN, -0.1, 1.1].map(|confidence| Listing {
        confidence: Some(confidence),
        ..photo("hat", 1.0, Some("hat"))
    });
    assert_eq!(Agreement::of(photos, Target::default()).photos, 0);
}

#[test]
fn a_target_is_a_share_that_can_be_met_and_missed() {
    assert_eq!("0.9".parse(), Ok(target(0.9)));
    for text in ["0", "1", "98", "-0.5", "NaN", "inf", ""] {
        assert_eq!(text.parse::<Target>(), Err(TargetError), "{text}");
    }
}

#[test]
fn the_names_in_json_are_public() {
    let agreement = Agreement::of(reviewed(0.71, 200, 200), target(0.9));
    let json: Value = serde_json::to_value(agreement).unwrap();
    assert_eq!(json["advice"]["kind"], "review_below");
    assert_eq!(json["advice"]["review_below"], 0.71);
    assert_eq!((&json["target"], &json["by_label"][0]["label"]), (&json!(0.9), &json!("hat")));
}

/// Confidences at, just below and just above what a threshold may be, and others.
fn confidence() -> impl Strategy<Value = f32> {
    let edge = (0..=STEPS).prop_map(|step| f32::from(step) / f32::from(STEPS));
    let near = (edge.clone(), any::<bool>()).prop_map(|(edge, up)| {
        if up { edge.next_up().min(1.0) } else { edge.next_down().max(0.0) }
    });
    prop_oneof![edge, near, 0.0..=1.0_f32]
}

fn photos() -> impl Strategy<Value = Vec<Listing>> {
    let said = prop_oneof![
        3 => Just(Some("hat")), 1 => Just(Some("cap")), 1 => Just(Some("rejected")), 1 => Just(None)
    ];
    let photo = (confidence(), said).prop_map(|(confidence, said)| photo("hat", confidence, said));
    prop::collection::vec(photo, 0..80)
}

fn threshold(photos: Vec<Listing>, share: f64) -> Option<Threshold> {
    match Agreement::of(photos, target(share)).advice {
        Advice::ReviewBelow(threshold) => Some(threshold),
        _ => None,
    }
}

/// As high as can be where there is none.
fn height(photos: &[Listing], share: f64) -> f64 {
    threshold(photos.to_vec(), share).map_or(2.0, |threshold| threshold.review_below)
}

proptest! {
    #[test]
    fn steps_begin_where_a_threshold_of_that_text_does(confidence in confidence()) {
        let step = step_of(confidence).unwrap();
        let begins = |step: u16| edge(step).to_string().parse::<f32>().unwrap();
        prop_assert!(begins(step) <= confidence);
        prop_assert!(step == STEPS || confidence < begins(step + 1));
    }

    #[test]
    fn a_threshold_counts_just_the_photos_that_the_pipeline_would_leave_alone(
        photos in photos(), share in 0.05..0.95_f64,
    ) {
        let Some(threshold) = threshold(photos.clone(), share) else { return Ok(()) };
        let review_below: f32 = threshold.review_below.to_string().parse().unwrap();
        let (below, above): (Vec<_>, Vec<_>) =
            photos.iter().partition(|photo| photo.confidence.unwrap() < review_below);
        let said = |word| above.iter().filter(|p| p.reviewed_label.as_deref() == word).count();
        prop_assert_eq!(threshold.reviewed, (above.len() - said(None)) as u64);
        prop_assert_eq!(threshold.right, said(Some("hat")) as u64);
        prop_assert_eq!(threshold.to_review, below.len() as u64);
        prop_assert!(threshold.at_least >= share && threshold.at_least <= threshold.share);
    }

    #[test]
    fn the_order_of_photos_does_not_matter(
        (photos, shuffled) in photos().prop_flat_map(|photos| {
            (Just(photos.clone()), Just(photos).prop_shuffle())
        }),
    ) {
        let of = |photos| Agreement::of(photos, target(0.7));
        prop_assert_eq!(of(photos), of(shuffled));
    }

    #[test]
    fn a_higher_target_never_lowers_the_threshold(
        photos in photos(), a in 0.05..0.95_f64, b in 0.05..0.95_f64,
    ) {
        prop_assert!(height(&photos, a.min(b)) <= height(&photos, a.max(b)));
    }

    #[test]
    fn one_more_that_is_right_never_raises_the_threshold_and_a_wrong_one_never_lowers_it(
        mut photos in photos(), share in 0.05..0.95_f64,
    ) {
        let before = height(&photos, share);
        photos.push(photo("hat", 1.0, Some("hat")));
        prop_assert!(height(&photos, share) <= before);
        photos.pop();
        photos.push(photo("hat", 1.0, Some("cap")));
        prop_assert!(height(&photos, share) >= before);
    }

    #[test]
    fn bins_and_labels_have_each_photo_once(photos in photos()) {
        let all = Agreement::of(photos.clone(), target(0.7));
        prop_assert_eq!(all.photos, photos.len() as u64);
        let of = |counts: &mut dyn Iterator<Item = (u64, u64, u64)>| {
            counts.fold((0, 0, 0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2))
        };
        let expected = (all.photos, all.reviewed, all.right);
        let mut bins = all.by_confidence.iter().map(|bin| (bin.photos, bin.reviewed, bin.right));
        prop_assert_eq!(of(&mut bins), expected);
        let mut labels = all.by_label.iter().map(|own| (own.photos, own.reviewed, own.right));
        prop_assert_eq!(of(&mut labels), expected);
        for bin in &all.by_confidence {
            let mean = bin.confidence.unwrap_or(bin.from);
            prop_assert!(bin.from - 1e-6 <= mean && mean <= bin.to + 1e-6, "{bin:?}");
        }
    }
}
