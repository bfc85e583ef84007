//! What holds for every route of its kind, added to the description in one place: how one signs in, what refuses, the
//! headers of keys and tags, and the forms of lists.

use serde_json::{Map, Value, json};

/// The description that is served, made of what the routes say of themselves.
pub(super) fn completed(mut document: Value) -> Value {
    document["openapi"] = json!("3.1.0");
    document["components"]["securitySchemes"] = json!({
        "bearer": {"type": "http", "scheme": "bearer",
            "description": "会话或对接系统的令牌：Authorization: Bearer …"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": "luqu_session",
            "description": "浏览器会话；有改动的请求另带 X-CSRF-Token（登录时得到的 csrf）"},
    });
    document["security"] = json!([{"bearer": []}, {"cookie": []}]);
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            let methods = item.as_object_mut().into_iter().flatten();
            for (method, operation) in methods {
                complete(path, method, operation);
            }
        }
    }
    document
}

fn complete(path: &str, method: &str, operation: &mut Value) {
    let open = operation["security"] == json!([{}]);
    let body = operation.get("requestBody").is_some();
    let names = |of: &str| -> Vec<String> {
        let all = operation["parameters"].as_array().into_iter().flatten();
        all.filter(|p| p["in"] == of).filter_map(|p| Some(p["name"].as_str()?.to_owned())).collect()
    };
    let (queries, headers) = (names("query"), names("header"));
    let list = queries.iter().any(|q| q == "format");
    let mut refusals: Vec<(u16, &str)> = Vec::new();
    if !open {
        refusals.extend([(401, "没有登录，或会话已过期"), (403, "该角色无权操作")]);
    }
    if !queries.is_empty() || body {
        refusals.push((400, "请求有误"));
    }
    if path.contains('{') {
        refusals.push((404, "没有这个对象，或不归调用者查看"));
    }
    if list {
        refusals.push((406, "没有这种格式"));
    }
    if headers.iter().any(|h| h == "If-Match") {
        refusals.extend([(412, "读取之后有了变动"), (428, "没有 If-Match")]);
    }
    if body {
        refusals.extend([(413, "内容过大"), (415, "内容类型不对"), (422, "内容不合要求")]);
    }
    if method == "post" && !open {
        refusals.extend([
            (409, "与现状不符，或同一 Idempotency-Key 正在办理"),
            (422, "内容不合要求，或 Idempotency-Key 已用于另一请求"),
        ]);
        refusals.push((400, "请求有误"));
        parameter(operation, "Idempotency-Key", "同一键值重复发送只办理一次，一天内返回同样的结果");
    }
    if method == "get" {
        parameter(operation, "If-None-Match", "读过的 ETag；没有变动时回答 304");
        operation["responses"]["304"] = json!({"description": "与读过的相同"});
    }
    refusals.extend([
        (500, "程序出错，未作任何改动；请告知编号"),
        (503, "数据库繁忙或暂时连不上；请在 Retry-After 所说的秒数之后重试"),
    ]);
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, words) in refusals {
        let response = responses.entry(status.to_string()).or_insert_with(|| problem(words));
        also_problem(response);
    }
    for (status, response) in responses.iter_mut() {
        shape(status, response, list, method == "get");
    }
}

fn problem(words: &str) -> Value {
    let schema = json!({"$ref": "#/components/schemas/Problem"});
    json!({"description": words, "content": {"application/json": {"schema": schema}}})
}

/// What a route says of a status itself, such as the faults of a file, is not all that the status may hold.
fn also_problem(response: &mut Value) {
    let ours = &problem("")["content"]["application/json"];
    if response["content"]["application/json"] != *ours
        && let Some(content) = response["content"].as_object_mut()
    {
        content.insert("application/problem+json".to_owned(), ours.clone());
    }
}

fn parameter(operation: &mut Value, name: &str, words: &str) {
    let said = json!({
        "name": name, "in": "header", "required": false, "description": words,
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    });
    match operation["parameters"].as_array_mut() {
        Some(all) => all.push(said),
        None => operation["parameters"] = json!([said]),
    }
}

/// Problems have a type of content of their own; lists come in three, with a tag and perhaps a next page.
fn shape(status: &str, response: &mut Value, list: bool, tagged: bool) {
    let is_problem =
        response["content"]["application/json"]["schema"]["$ref"] == "#/components/schemas/Problem";
    if is_problem && let Some(content) = response["content"].as_object_mut() {
        let schema = content.remove("application/json").unwrap_or_default();
        content.insert("application/problem+json".to_owned(), schema);
        return;
    }
    if status != "200" {
        return;
    }
    let mut headers = Map::new();
    if tagged {
        let words = "所读内容的标记";
        headers
            .insert("ETag".to_owned(), json!({"description": words, "schema": {"type": "string"}}));
    }
    if list && let Some(content) = response["content"].as_object_mut() {
        let file = json!({"schema": {"type": "string", "format": "binary"}});
        content.insert("text/csv".to_owned(), file.clone());
        let book = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        content.insert(book.to_owned(), file);
        let words = "下一页的地址，rel=\"next\"";
        headers
            .insert("Link".to_owned(), json!({"description": words, "schema": {"type": "string"}}));
    }
    if !headers.is_empty() {
        response["headers"] = Value::Object(headers);
    }
}
