#include "public_pages.h"

#include <fmt/format.h>

#include "qushu/opendata/portal_page.h"

#include "official.h"

namespace qushu::budget {
namespace {

using http::Request;
using http::Response;
using opendata::html;

std::string span_of(const print::Cell& cell) {
  std::string out;
  if (cell.columns > 1) out += fmt::format(" colspan=\"{}\"", cell.columns);
  if (cell.rows > 1) out += fmt::format(" rowspan=\"{}\"", cell.rows);
  return out;
}

std::string lines(std::string_view text) {
  std::string out;
  for (char c : html(text)) {
    if (c == '\n')
      out += "<br>";
    else
      out += c;
  }
  return out;
}

std::string cell_html(const print::Cell& cell, const print::Column& column, bool head) {
  auto align = cell.align.value_or(column.align);
  std::string_view kind = align == print::Align::right ? "num" : head || align == print::Align::centre ? "mid" : "";
  std::string_view name = head || cell.bold ? "th" : "td";
  return fmt::format("<{}{}{}>{}</{}>", name, span_of(cell), kind.empty() ? "" : fmt::format(" class=\"{}\"", kind),
                     lines(cell.text), name);
}

std::string rows_html(const std::vector<print::Row>& rows, const std::vector<print::Column>& columns, bool head) {
  std::string out;
  std::size_t row = 0;
  bool open = false;
  for (const auto& placed : print::place(rows, columns.size())) {
    for (; open && row < placed.row; ++row) out += "</tr><tr>";
    if (!open) out += "<tr>";
    open = true;
    out += cell_html(*placed.cell, columns.at(placed.column), head);
  }
  return open ? out + "</tr>" : out;
}

// A table as it is printed; wider ones are moved sideways, by keyboard too.
std::string table_html(const print::Table& t, const std::string& title, std::size_t number) {
  return fmt::format(
      "<section lang=\"zh-CN\"><h2 id=\"t{0}\">{1}</h2><p class=\"sides soft small\"><span>{2}</span><span>{3}</span></p><div "
      "class=\"scroll paper\" tabindex=\"0\" role=\"region\" "
      "aria-labelledby=\"t{0}\"><table><thead>{4}</thead><tbody>{5}</tbody></table></div>{6}</section>\n",
      number, html(title), html(t.left), html(t.right), rows_html(t.head, t.columns, true), rows_html(t.rows, t.columns, false),
      t.note.empty() ? "" : fmt::format("<p class=\"soft small\">{}</p>", html(t.note)));
}

std::string figures(const Totals& t, Lang lang) {
  std::string out = "<ul class=\"figures\">";
  for (const auto& [name, amount] : {std::pair{Text{"收入总计", "Income"}, t.income},
                                     {Text{"支出总计", "Expenditure"}, t.expenditure},
                                     {Text{"基本支出", "Basic expenditure"}, t.basic},
                                     {Text{"项目支出", "Projects"}, t.project},
                                     {Text{"“三公”经费", "Three publics"}, t.three_publics}})
    out += fmt::format("<li><b>{}</b>{}{}</li>", published(amount), name.in(lang), Text{"（万元）", " (10,000 yuan)"}.in(lang));
  return out + "</ul>";
}

std::string name_of(const Budget& b, Lang lang) {
  return lang == Lang::zh ? fmt::format("{} {} 年部门预算", b.department_name, b.year)
                          : fmt::format("Budget of {} for {}", b.department_name, b.year);
}

Response list(const Request& r, const Settings& settings, const std::vector<Budget>& all) {
  auto lang = opendata::portal_lang(r);
  auto say = [&](const Text& text) { return text.in(lang); };
  std::string body;
  std::int64_t year = 0;
  for (const auto& b : all) {
    if (b.year != year)
      body += fmt::format("{}<h2>{}</h2><ul class=\"cards\">", year == 0 ? "" : "</ul>\n",
                          lang == Lang::zh ? fmt::format("{} 年", b.year) : std::to_string(b.year));
    year = b.year;
    const auto& v = b.versions.front();
    body += fmt::format(
        "<li class=\"card\"><h3 class=\"item\"><a href=\"/open/budget/{}\">{}</a></h3><span class=\"soft\">{} {} "
        "{}</span></li>",
        html(b.id), html(b.department_name), say({"支出", "Expenditure"}), published(v.expenditure),
        say({"万元", "(10,000 yuan)"}));
  }
  body += year == 0 ? fmt::format("<p class=\"soft\">{}</p>", say({"还没有公开的部门预算。", "No budget is published yet."}))
                    : std::string("</ul>");
  return opendata::portal_page(r, settings,
                               {.title = say({"预算公开", "Budgets"}),
                                .description = say({"各部门公开的预算", "Published budgets of departments"}),
                                .at = "budgets",
                                .body = std::move(body)});
}

Response one(const Request& r, const Settings& settings, const Detail& d) {
  auto lang = opendata::portal_lang(r);
  auto say = [&](const Text& text) { return text.in(lang); };
  const auto& t = d.content.totals.at(0);
  auto document = official_tables(d);
  auto file = "/open/budgets/" + d.budget.id;
  auto body = fmt::format(
      "<p class=\"soft\"><a href=\"/open/budget\">{}</a> · <a href=\"{}?format=pdf\">{}</a> · <a "
      "href=\"{}?format=xlsx\">{}</a></p>",
      say({"全部预算", "All budgets"}), html(file), say({"下载 PDF", "As PDF"}), html(file), say({"下载 XLSX", "As XLSX"}));
  body += figures(t, lang);
  if (!t.text.empty()) body += fmt::format("<p>{}</p>", lines(t.text));
  // The forms of projects, the last of them, are told apart by whose they are.
  const auto& projects = d.content.projects;
  auto first = document.tables.size() - projects.size();
  auto title_of = [&](std::size_t i) {
    return i < first ? document.tables[i].title : fmt::format("{}（{}）", document.tables[i].title, projects[i - first].name);
  };
  body += "<ul class=\"chips\" lang=\"zh-CN\">";
  for (std::size_t i = 0; i < document.tables.size(); ++i)
    body += fmt::format("<li><a href=\"#t{}\">{}</a></li>", i + 1, html(title_of(i)));
  body += "</ul>\n";
  for (std::size_t i = 0; i < document.tables.size(); ++i) body += table_html(document.tables[i], title_of(i), i + 1);
  auto title = name_of(d.budget, lang);
  return opendata::portal_page(r, settings, {.title = title, .description = title, .at = "budgets", .body = std::move(body)});
}

Response missing(const Request& r, const Settings& settings, const Error& error) {
  auto lang = opendata::portal_lang(r);
  auto out = opendata::portal_page(r, settings,
                                   {.title = Text{"没有找到", "Not found"}.in(lang),
                                    .description = {},
                                    .at = "budgets",
                                    .body = fmt::format("<p>{}</p>", html(error.text.in(lang)))});
  out.status = 404;
  return out;
}

}  // namespace

void add_public_pages(http::Router& router, Budgets& budgets, const Settings& settings) {
  auto add = [&](const char* path, const char* id, Text summary, http::Handler handler) {
    router.add(opendata::portal_route(path, id, std::move(summary), std::move(handler)));
  };
  add("/open/budget", "open_budget_pages", {"公开的预算", "Published budgets"},
      [&budgets, &settings](Request& r) -> Result<Response> {
        QS_TRY(auto all, budgets.published());
        return list(r, settings, all);
      });
  add("/open/budget/{id}", "open_budget_page", {"一份公开的预算", "A published budget"},
      [&budgets, &settings](Request& r) -> Result<Response> {
        auto d = budgets.published(r.param("id"));
        if (!d && d.error().code == Code::not_found) return missing(r, settings, d.error());
        QS_CHECK(d);
        return one(r, settings, *d);
      });
}

}  // namespace qushu::budget
