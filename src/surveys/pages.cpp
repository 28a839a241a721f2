#include "pages.h"

#include <algorithm>
#include <kainjow/mustache.hpp>

#include <fmt/format.h>

#include "templates.h"

namespace qushu::surveys {
namespace {

using Data = kainjow::mustache::data;
using http::Method;
using http::Request;
using http::Response;

constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

std::string asked(const Request& r, std::string_view key) {
  for (const auto& [name, value] : r.query_in_order)
    if (name == key) return value;
  return {};
}

// As the visitor chose, or as her browser says.
Lang lang_of(const Request& r) {
  auto chosen = asked(r, "lang");
  return chosen.empty() ? r.lang() : chosen == "en" ? Lang::en : Lang::zh;
}

// An empty text is nothing: its section is not shown.
void set_text(Data& data, const std::string& key, const std::string& text) {
  if (text.empty())
    data.set(key, false);
  else
    data.set(key, text);
}

// "2026-12-01 09:00"
std::string shown(calendar::LocalTime at) {
  auto out = to_text(at);
  std::ranges::replace(out, 'T', ' ');
  return out;
}

std::string cookie_of(std::string_view code) {
  return fmt::format("qs_survey_{}", code);
}

// The ends alone are named: a row of numbers is easier on a phone.
bool as_row(const Question& q) {
  if (q.kind != Kind::scale) return false;
  auto named = std::ranges::count_if(q.options, [](const Option& o) { return !o.label.zh.empty(); });
  return named < static_cast<std::ptrdiff_t>(q.options.size());
}

}  // namespace

struct SurveyPages::Call {
  const Request& request;
  Lang lang = Lang::zh;
  std::string code, token;
  Entrance entrance;
  Form form = {};
  Filled filled = {};
  std::string problem = {};  // above the questions
  std::string stamp = {};    // to go on with; empty: a new one
  unsigned status = 200;

  [[nodiscard]] std::string say(const Text& text) const { return text.in(lang); }
  [[nodiscard]] const Definition& definition() const { return entrance.survey->definition; }
  [[nodiscard]] bool is_public() const { return definition().mode == Mode::open; }
};

namespace {

Response page_of(const Request& r, Lang lang, const Settings& settings, std::string_view name, Data data, unsigned status) {
  using kainjow::mustache::mustache;
  bool zh = lang == Lang::zh;
  data.set("lang", zh ? "zh-CN" : "en");
  data.set("short_lang", zh ? "zh" : "en");
  data.set("other_lang", zh ? "en" : "zh");
  data.set("other_name", zh ? "English" : "中文");
  data.set("site", settings.text("site.name"));
  data.set("path", r.path);
  data.set("t", kainjow::mustache::lambda{[zh](const std::string& text) {
             auto bar = text.find('|');
             return bar == std::string::npos ? text : zh ? text.substr(0, bar) : text.substr(bar + 1);
           }});
  for (const char* part : {"head", "foot"})
    data.set(part, kainjow::mustache::partial{[part] { return std::string(template_text(part)); }});
  mustache page{std::string(template_text(name))};
  auto response = Response::text(page.render(data), "text/html; charset=utf-8")
                      .with("Content-Security-Policy", std::string(kPolicy))
                      .with("Cache-Control", "no-store");
  response.status = status;
  return response;
}

Data options_of(const Question& q, const std::vector<std::string>& picked, Lang lang) {
  Data out(Data::type::list);
  bool row = as_row(q);
  for (const auto& o : q.options) {
    Data one;
    auto label = o.label.in(lang);
    one.set("name", std::string(kField) + q.code);
    one.set("value", o.code);
    one.set("label", row || label.empty() ? o.code : label);
    set_text(one, "aria", row && !label.empty() ? o.code + " " + label : std::string());
    one.set("input", q.kind == Kind::choices ? "checkbox" : "radio");
    one.set("checked", std::ranges::find(picked, o.code) != picked.end());
    out << one;
  }
  return out;
}

Data question_of(const Question& q, const Filled& filled, std::size_t number, Lang lang) {
  Data out;
  auto id = std::string(kField) + q.code;
  auto problem = filled.problems.find(q.code);
  auto values = filled.answers.find(q.code);
  auto note = q.note.in(lang);
  std::string described;
  if (!note.empty()) described = id + "-note";
  if (problem != filled.problems.end()) described += (described.empty() ? "" : " ") + id + "-problem";
  out.set("id", id);
  out.set("name", id);
  out.set("number", std::to_string(number));
  out.set("title", q.title.in(lang));
  set_text(out, "note", note);
  out.set("required", q.required);
  set_text(out, "problem", problem == filled.problems.end() ? std::string() : problem->second.in(lang));
  set_text(out, "described", described);
  out.set("pick", q.kind != Kind::text);
  out.set("text", q.kind == Kind::text);
  if (q.kind == Kind::text) {
    out.set("value", values == filled.answers.end() ? std::string() : values->second.front());
    return out;
  }
  bool row = as_row(q);
  out.set("layout", row ? "row" : "list");
  auto low = q.options.front().label.in(lang), high = q.options.back().label.in(lang);
  out.set("ends", row && !(low.empty() && high.empty()));
  out.set("low", low);
  out.set("high", high);
  out.set("options", options_of(q, values == filled.answers.end() ? std::vector<std::string>{} : values->second, lang));
  return out;
}

}  // namespace

Result<SurveyPages::Call> SurveyPages::call_of(const Request& r) const {
  Call out{.request = r, .lang = lang_of(r), .code = r.param("code"), .token = {}, .entrance = {}};
  auto token = r.params.find("token");
  if (token != r.params.end()) out.token = token->second;
  QS_TRY(out.entrance, surveys_.enter(out.code, out.token));
  if (out.entrance.state == Entrance::State::open && out.is_public() && r.cookie(cookie_of(out.code)) == guard_.mark(out.code))
    out.entrance.state = Entrance::State::used;
  return out;
}

Response SurveyPages::told(const Call& call) const {
  using State = Entrance::State;
  Data data;
  auto state = call.entrance.state;
  Text title{"没有这个调查", "There is no such survey"};
  Text text{"请检查网址是否完整，或向发给您链接的单位索取新的链接。",
            "See whether the address is complete, or ask whoever sent it for another."};
  Text more;
  if (state == State::waiting) {
    title = {"调查还没有开始", "The survey has not begun"};
    auto when = shown(*call.definition().opens);
    text = {fmt::format("将于 {} 开始，请届时再来。", when), fmt::format("It opens on {}. Please come back then.", when)};
  } else if (state == State::closed) {
    title = {"调查已经结束", "The survey is over"};
    text = {"感谢您的关注。", "Thank you for your interest."};
  } else if (state == State::used && !asked(call.request, "done").empty()) {
    title = {"谢谢您", "Thank you"};
    text = {"答卷已经收到，可以关闭本页。", "Your answers have arrived; you may close this page."};
    more = call.definition().thanks;
  } else if (state == State::used) {
    title = {"已经答过", "Already answered"};
    text = call.is_public()
               ? Text{"这个浏览器已经提交过答卷，每人只答一次。", "This browser has answered already; once is enough."}
               : Text{"这个链接已经用过了，每个链接只能提交一次。", "This link was used already; each works once."};
  }
  data.set("title", call.say(title));
  data.set("text", call.say(text));
  set_text(data, "more", call.say(more));
  auto status = state == State::none ? 404U : call.status;
  return page_of(call.request, call.lang, settings_, "message", std::move(data), status);
}

Response SurveyPages::form(const Call& call) const {
  const auto& d = call.definition();
  Data data, sections(Data::type::list), wrong(Data::type::list);
  data.set("title", call.say(d.name));
  set_text(data, "description", call.say(d.description));
  set_text(data, "until", d.closes ? shown(*d.closes) : std::string());
  set_text(data, "problem", call.problem);
  std::size_t number = 0;
  for (const auto& section : d.sections) {
    Data one, questions(Data::type::list);
    set_text(one, "title", call.say(section.title));
    set_text(one, "note", call.say(section.note));
    for (const auto& q : section.questions) {
      auto shown = question_of(q, call.filled, ++number, call.lang);
      if (call.filled.problems.contains(q.code)) wrong << shown;
      questions << shown;
    }
    one.set("questions", questions);
    sections << one;
  }
  data.set("sections", sections);
  data.set("wrong", !call.filled.problems.empty());
  data.set("questions", wrong);
  data.set("stamp", false);
  data.set("question", false);
  if (call.is_public()) {
    // A question goes with its stamp: where one is asked, an answer that was right stays right.
    auto fresh = call.stamp.empty() ? guard_.stamp(d.code, d.asks_robots) : Guard::Stamp{.text = call.stamp, .question = {}};
    data.set("stamp", fresh.text);
    if (d.asks_robots) {
      data.set("question",
               fresh.question.zh.empty() ? call.say({"验证题（已答）", "Check (answered)"}) : call.say(fresh.question));
      data.set("proof", call.stamp.empty() ? std::string() : text_of(call.form, "proof"));
    }
  }
  return page_of(call.request, call.lang, settings_, "form", std::move(data), call.status);
}

Result<Response> SurveyPages::get(const Request& r) const {
  QS_TRY(auto call, call_of(r));
  if (call.entrance.state != Entrance::State::open) return told(call);
  return form(call);
}

// What can be mended is told on the call, with everything typed kept.
Result<void> SurveyPages::take(Call& call) {
  const auto& d = call.definition();
  call.filled = read_answers(d, call.form);
  auto address = call.request.remote, stamp = text_of(call.form, "stamp"), proof = text_of(call.form, "proof"),
       trap = text_of(call.form, "website");
  Guard::Sent sent{
      .survey = d.code, .address = address, .stamp = stamp, .answer = proof, .trap = trap, .question = d.asks_robots};
  auto refused = [&](const Error& error) {
    call.problem = error.text.in(call.lang);
    call.status = error.code == Code::limited ? 429 : 422;
    if (error.id == "survey.quick" || error.code == Code::limited) call.stamp = stamp;
  };
  if (call.is_public()) {
    if (auto genuine = guard_.check(sent); !genuine) {
      call.filled.problems.clear();  // one thing at a time
      refused(genuine.error());
      return {};
    }
    call.stamp = stamp;
  }
  if (call.filled.answers.empty() && call.filled.problems.empty()) {
    call.problem = call.say({"请至少回答一题。", "Please answer one question at least."});
    call.status = 422;
    return {};
  }
  if (!call.filled.problems.empty()) {
    call.problem =
        call.say({fmt::format("有 {} 题需要修改，其他已填的内容都保留着：", call.filled.problems.size()),
                  fmt::format("{} answers need another look; everything else is kept:", call.filled.problems.size())});
    call.status = 422;
    return {};
  }
  if (call.is_public()) {
    if (auto spent = guard_.spend(sent); !spent) {
      refused(spent.error());
      return {};
    }
  }
  return surveys_.answer(call.code, call.token, call.filled.answers);
}

Result<Response> SurveyPages::post(Request& r) {
  std::string body;
  QS_CHECK(r.stream->each([&](std::string_view piece) -> Result<void> {
    body += piece;
    return {};
  }));
  QS_TRY(auto call, call_of(r));
  if (call.entrance.state != Entrance::State::open) {
    call.status = call.entrance.state == Entrance::State::used ? 409 : 200;
    return told(call);
  }
  auto form = parse_form(body);
  if (!form) {
    call.problem = form.error().text.in(call.lang);
    call.status = 422;
    return this->form(call);
  }
  call.form = *std::move(form);
  auto taken = take(call);
  if (!taken && (taken.error().code == Code::conflict || taken.error().code == Code::not_found)) {
    // Somebody was quicker, or it has closed meanwhile.
    QS_TRY(call.entrance, surveys_.enter(call.code, call.token));
    call.status = 409;
    return told(call);
  }
  QS_CHECK(taken);
  if (!call.problem.empty()) return this->form(call);
  auto done = Response::redirect(fmt::format("{}?done=1&lang={}", r.path, call.lang == Lang::en ? "en" : "zh"));
  if (call.is_public())
    done.headers.emplace_back(
        "Set-Cookie", fmt::format("{}={}; Path=/survey/{}; Max-Age=31536000; HttpOnly; SameSite=Lax{}", cookie_of(call.code),
                                  guard_.mark(call.code), call.code, r.secure ? "; Secure" : ""));
  return done;
}

void SurveyPages::add_routes(http::Router& router) {
  auto add = [&](Method method, const char* path, const char* id, Text summary, http::Handler handler) {
    bool sends = method == Method::post;
    router.add({.method = method,
                .path = path,
                .id = id,
                .tag = "surveys",
                .summary = std::move(summary),
                .who = http::anyone(),
                .nameless = true,
                .open_query = true,
                .streams_body = sends,
                .body_type = "application/x-www-form-urlencoded",
                .body_limit = sends ? kMostForm : 0,
                .hidden = true,
                .handler = std::move(handler)});
  };
  for (const char* path : {"/survey/{code}", "/survey/{code}/{token}"}) {
    bool link = std::string_view(path).ends_with("{token}");
    add(Method::get, path, link ? "survey_link_page" : "survey_page", {"问卷", "The survey"},
        [this](Request& r) { return get(r); });
    add(Method::post, path, link ? "survey_link_send" : "survey_send", {"提交问卷", "Send it"},
        [this](Request& r) { return post(r); });
  }
  router.add(
      {.method = Method::get,
       .path = "/survey.css",
       .id = "survey_style",
       .tag = "surveys",
       .summary = {"问卷的样式", "How surveys look"},
       .who = http::anyone(),
       .nameless = true,
       .run = http::Run::at_once,
       .hidden = true,
       .handler = [](Request&) -> Result<Response> {
         return Response::text(std::string(style_text()), "text/css; charset=utf-8").with("Cache-Control", "max-age=3600");
       }});
}

}  // namespace qushu::surveys
