//! Tests of descriptions.

use super::*;

fn description() -> Description {
    Description {
        name: "clothing".to_owned(),
        source: "a test".to_owned(),
        labels: [Label::parse("dress").unwrap(), Label::parse("hat").unwrap()].into(),
        review_below: 0.6,
        output: Output::Logits,
        temperature: 1.0,
        number: None,
        input: Input {
            width: 224,
            height: 192,
            resize: Resize::Squash,
            filter: Filter::Bilinear,
            colours: Colours::Rgb,
            mean: [127.0; 3],
            std: [128.0; 3],
        },
    }
}

#[test]
fn the_canonical_text_changes_with_what_matters_and_nothing_else() {
    let first = description();
    let renamed = Description { name: "other".to_owned(), source: String::new(), ..description() };
    assert_eq!(renamed.sha256(), first.sha256());
    let input = |change: fn(&mut Input)| {
        let mut input = description().input;
        change(&mut input);
        Description { input, ..description() }
    };
    for other in [
        Description { review_below: 0.61, ..description() },
        Description { temperature: 1.5, ..description() },
        Description { output: Output::Probabilities, ..description() },
        Description { labels: [Label::parse("hat").unwrap()].into(), ..description() },
        Description { number: Some(0), ..description() },
        input(|input| input.colours = Colours::Bgr),
        input(|input| input.width = 225),
        input(|input| input.filter = Filter::Box),
        input(|input| input.mean[2] = 127.5),
        input(|input| input.std[0] = 127.5),
    ] {
        assert_ne!(other.sha256(), first.sha256(), "{other:?}");
    }
    assert_eq!(
        first.canonical(),
        "review_below=0.6\noutput=Logits\ntemperature=1.0\n\
         input=224x192 Squash Bilinear mean=[127.0, 127.0, 127.0] std=[128.0, 128.0, 128.0]\n\
         label=dress\nlabel=hat\n",
        "a change here changes every recipe: photos are then classified again"
    );
}
