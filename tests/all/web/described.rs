//! The API's description, held against what the server does.

use std::collections::BTreeSet;

use lookbook::object::ObjectId;
use reqwest::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::site::{Home, Site, a_row, body, put_row};
use crate::helpers::{handle, sample};

/// What does not fit between a value and its schema, if something does not.
fn misfit(api: &Value, schema: &Value, value: &Value) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = api.pointer(name.trim_start_matches('#'))?;
        return misfit(api, schema, value);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let known = properties(api, schema);
        if let Some(object) = value.as_object()
            && let Some(name) = object.keys().find(|name| !known.contains(*name))
        {
            return Some(format!("{name} is not described"));
        }
        let mut part = part.clone();
        part["open"] = json!(true);
        if let Some(misfit) = misfit(api, &part, value) {
            return Some(misfit);
        }
    }
    if let Some(parts) = schema["oneOf"].as_array() {
        let fits = parts.iter().any(|part| misfit(api, part, value).is_none());
        return (!fits).then(|| format!("{value} fits none of {parts:?}"));
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let is = |kind: &str| match kind {
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    };
    if !kinds.into_iter().any(is) {
        return Some(format!("{value} is no {}", schema["type"]));
    }
    if let Some(values) = schema["enum"].as_array()
        && !values.contains(value)
    {
        return Some(format!("{value} is none of {values:?}"));
    }
    if let Some(items) = value.as_array() {
        return items.iter().find_map(|item| misfit(api, &schema["items"], item));
    }
    let object = value.as_object()?;
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !object.contains_key(name) {
            return Some(format!("{name} is missing"));
        }
    }
    object.iter().find_map(|(name, value)| {
        let known = &schema["properties"][name];
        match (known, &schema["additionalProperties"]) {
            (Value::Null, Value::Null) if schema["open"] == true => None,
            (Value::Null, Value::Null) => Some(format!("{name} is not described")),
            (Value::Null, more) => misfit(api, more, value),
            (known, _) => misfit(api, known, value).map(|why| format!("{name}: {why}")),
        }
    })
}

fn properties(api: &Value, schema: &Value) -> BTreeSet<String> {
    if let Some(name) = schema["$ref"].as_str() {
        return properties(api, api.pointer(name.trim_start_matches('#')).unwrap());
    }
    let own = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    let parts = schema["allOf"].as_array().into_iter().flatten();
    own.chain(parts.flat_map(|part| properties(api, part))).collect()
}

async fn ask(site: &Site, method: &str, path: &str) -> reqwest::Response {
    let ask = site.ask(Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), path);
    let ask = match (method, path) {
        ("put", path) if path.ends_with("/review") => {
            ask.header("if-match", "*").body(r#"{"label": "skirt"}"#)
        }
        ("post", "/api/uploads") => ask.body(r#"{"name": "new.jpg"}"#),
        ("put" | "post", _) => ask.body(sample("hat-1.jpg")),
        _ => ask,
    };
    ask.send().await.unwrap()
}

#[tokio::test]
async fn the_server_does_what_its_description_says() {
    let home = Home::new();
    let site = home.open().await;
    for (n, confidence) in [0.9, 0.2].into_iter().enumerate() {
        let object = ObjectId::new("photos", &format!("{n}.jpg")).unwrap();
        put_row(&site.table(), &a_row(&object, "hat", confidence, OffsetDateTime::UNIX_EPOCH))
            .await;
    }
    let begin = site.json("/api/changes").await;
    site.place.put("0.jpg", sample("hat-1.jpg")).await;
    let record = site.place.record("ObjectCreated:Put", "0.jpg", "01");
    handle(&site.place.handler(), vec![record]).await;
    let api = site.json("/api/openapi.json").await;
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut described = BTreeSet::new();
    for (template, methods) in api["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            described.insert(format!("{method} {template}"));
            assert!(operation["summary"].is_string(), "{method} {template}");
            let path = template
                .replace("{shelf}", "hat")
                .replace("{bucket}", "photos")
                .replace("{key}", "0.jpg")
                .replace("{name}", "new.jpg");
            let path = match path.as_str() {
                "/api/changes" => format!("{path}?since={}", begin["next"].as_str().unwrap()),
                "/api/images/photos/0.jpg/photo" => format!("{path}?width=64"),
                _ => path,
            };
            let answer = ask(&site, method, &path).await;
            let status = answer.status().as_u16();
            assert!((200..300).contains(&status), "{method} {path}: {status}");
            let said = &operation["responses"][status.to_string()];
            assert!(!said.is_null(), "{method} {path}: {status} is not described");
            let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
            let content = &said["content"][&kind];
            assert!(content.is_object(), "{method} {path}: {kind} is not described in {said}");
            if kind == "application/json" {
                let value = body(answer).await;
                let why = misfit(&api, &content["schema"], &value);
                assert_eq!(why, None, "{method} {path}: {value}");
            }
            // All that needs a token says so, and nothing else does.
            assert_eq!(operation["security"].is_array(), method != "get", "{method} {template}");
        }
    }
    let expected = [
        "get /api/changes",
        "get /api/images/{bucket}/{key}",
        "get /api/images/{bucket}/{key}/photo",
        "get /api/reviewed",
        "get /api/shelves",
        "get /api/shelves/{shelf}",
        "post /api/classify",
        "post /api/uploads",
        "put /api/images/{bucket}/{key}/review",
        "put /api/uploads/{name}",
    ];
    assert_eq!(described, expected.into_iter().map(str::to_owned).collect());
}

#[test]
fn what_does_not_fit_is_found() {
    let api = json!({"components": {"a": {"type": "object", "required": ["x"],
        "properties": {"x": {"type": "string"}, "y": {"type": ["integer", "null"]}}}}});
    let schema = json!({"type": "array", "items": {"$ref": "#/components/a"}});
    assert_eq!(misfit(&api, &schema, &json!([{"x": "a", "y": null}])), None);
    for value in [json!({}), json!([{}]), json!([{"x": 1}]), json!([{"x": "a", "z": 1}])] {
        assert!(misfit(&api, &schema, &value).is_some(), "{value}");
    }
}
