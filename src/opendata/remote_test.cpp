#include "remote.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rdf_read.h"

namespace qushu::opendata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kAt = "https://data.example.gov/catalog.jsonld?page=1";

TEST(RdfReadTest, JsonLdOfManyHabits) {
  auto graph = RdfRead::jsonld(R"({
    "@context": [{"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/", "id": "@id", "kind": "@type",
      "title": {"@id": "dct:title", "@container": "@language"}, "homepage": {"@id": "dcat:landingPage", "@type": "@id"},
      "@vocab": "http://example.org/v#", "@language": "en"}, "https://example.org/elsewhere.jsonld"],
    "@graph": [
      {"id": "/dataset/1", "kind": "dcat:Dataset", "title": {"zh": "公园", "en": ["Parks"]}, "homepage": "p/1", "other": 3,
       "dcat:distribution": [{"@id": "#d", "dct:format": {"@value": "CSV"}}, {"dct:format": "XML"}],
       "dcat:keyword": {"@list": ["a", {"@value": "b", "@language": "fr"}]}, "unknown:x": {"@id": "_:z"}}
    ]})",
                               kAt);
  ASSERT_TRUE(graph) << graph.error().text.en;
  const std::string subject = "https://data.example.gov/dataset/1";
  EXPECT_TRUE(graph->is(subject, "http://www.w3.org/ns/dcat#Dataset"));
  EXPECT_EQ(graph->text(subject, "http://purl.org/dc/terms/title"), "公园");
  EXPECT_EQ(graph->text(subject, "http://www.w3.org/ns/dcat#landingPage"), "https://data.example.gov/p/1");
  EXPECT_EQ(graph->text(subject, "http://example.org/v#other"), "3");
  auto files = graph->objects(subject, "http://www.w3.org/ns/dcat#distribution");
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0]->text, "https://data.example.gov/catalog.jsonld?page=1#d");
  EXPECT_EQ(graph->text(files[0]->text, "http://purl.org/dc/terms/format"), "CSV");
  EXPECT_EQ(files[1]->kind, RdfTerm::Kind::blank);
  EXPECT_EQ(graph->text(files[1]->text, "http://purl.org/dc/terms/format"), "XML");
  auto words = graph->objects(subject, "http://www.w3.org/ns/dcat#keyword");
  ASSERT_EQ(words.size(), 2U);
  EXPECT_EQ(words[0]->lang, "en");
  EXPECT_EQ(words[1]->lang, "fr");
}

// Everything that the syntax lets one write in two ways, once each.
TEST(RdfReadTest, Xml) {
  auto graph = RdfRead::xml(R"(<?xml version="1.0" encoding="UTF-8"?>
<!-- a catalogue -->
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dct="http://purl.org/dc/terms/"
         xmlns:dcat="http://www.w3.org/ns/dcat#" xmlns:foaf="http://xmlns.com/foaf/0.1/" xml:base="https://x/base/">
  <dcat:Catalog rdf:about="https://x/c" dct:title="目录" xml:lang="zh">
    <dcat:dataset>
      <dcat:Dataset rdf:about="parks">
        <dct:title xml:lang="zh">公园 &amp; 绿地</dct:title>
        <dct:title xml:lang="en">Parks</dct:title>
        <dct:issued rdf:datatype="http://www.w3.org/2001/XMLSchema#date">2026-01-01</dct:issued>
        <dct:publisher><foaf:Agent><foaf:name xml:lang="">区园林局</foaf:name></foaf:Agent></dct:publisher>
        <dcat:distribution rdf:resource="#csv"/>
        <dcat:contactPoint rdf:parseType="Resource"><foaf:mbox rdf:resource="mailto:a@x"/></dcat:contactPoint>
        <dcat:theme rdf:nodeID="t"/>
        <dct:description rdf:parseType="Literal">a <b>bold</b> word</dct:description>
        <dct:relation rdf:parseType="Collection"><rdf:Description rdf:about="one"/><rdf:Description rdf:about="two"/></dct:relation>
      </dcat:Dataset>
    </dcat:dataset>
    <dcat:dataset rdf:resource="schools"/>
  </dcat:Catalog>
  <rdf:Description rdf:nodeID="t" dct:title="主题"/>
  <rdf:Description rdf:ID="csv"><rdf:type rdf:resource="http://www.w3.org/ns/dcat#Distribution"/></rdf:Description>
</rdf:RDF>)",
                            kAt);
  ASSERT_TRUE(graph) << graph.error().text.en;
  const std::string dct = "http://purl.org/dc/terms/", dcat = "http://www.w3.org/ns/dcat#", parks = "https://x/base/parks";
  EXPECT_TRUE(graph->is("https://x/c", dcat + "Catalog"));
  EXPECT_EQ(graph->text("https://x/c", dct + "title"), "目录");
  EXPECT_EQ(graph->objects("https://x/c", dcat + "dataset").size(), 2U);
  EXPECT_EQ(graph->objects("https://x/c", dcat + "dataset")[1]->text, "https://x/base/schools");
  EXPECT_EQ(graph->text(parks, dct + "title"), "公园 & 绿地");
  EXPECT_EQ(graph->text(parks, dct + "issued"), "2026-01-01");
  EXPECT_EQ(graph->objects(parks, dct + "issued")[0]->lang, "");  // a date has no language, whatever stands around it
  auto publisher = graph->objects(parks, dct + "publisher").at(0);
  EXPECT_EQ(publisher->kind, RdfTerm::Kind::blank);
  EXPECT_EQ(graph->text(publisher->text, "http://xmlns.com/foaf/0.1/name"), "区园林局");
  EXPECT_EQ(graph->objects(parks, dcat + "distribution")[0]->text, "https://x/base/#csv");
  EXPECT_TRUE(graph->is("https://x/base/#csv", dcat + "Distribution"));
  auto contact = graph->objects(parks, dcat + "contactPoint").at(0)->text;
  EXPECT_EQ(graph->text(contact, "http://xmlns.com/foaf/0.1/mbox"), "mailto:a@x");
  EXPECT_EQ(graph->text(graph->objects(parks, dcat + "theme").at(0)->text, dct + "title"), "主题");
  EXPECT_EQ(graph->text(parks, dct + "description"), "a bold word");
  const std::string rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
  auto list = graph->objects(parks, dct + "relation").at(0)->text;
  EXPECT_EQ(graph->text(list, rdf + "first"), "https://x/base/one");
  auto rest = graph->text(list, rdf + "rest");
  EXPECT_EQ(graph->text(rest, rdf + "first"), "https://x/base/two");
  EXPECT_EQ(graph->text(rest, rdf + "rest"), rdf + "nil");
}

TEST(RdfReadTest, XmlThatIsNone) {
  std::string deep = "<a>";
  for (int i = 0; i < 300; ++i) deep += "<a>";
  // An entity that names a file stays unread, one that grows is cut off.
  std::string laughs = "<!DOCTYPE r [<!ENTITY a \"ha\">";
  for (char c = 'b'; c < 'k'; ++c)
    laughs += std::string("<!ENTITY ") + c + " \"" + [&] {
      std::string ten;
      for (int i = 0; i < 10; ++i) ten += std::string("&") + static_cast<char>(c - 1) + ";";
      return ten;
    }() + "\">";
  for (const auto& bad : {std::string("<a"), std::string("<a></b>"), std::string(""), deep, laughs + "]><r><p>&j;</p></r>"})
    EXPECT_FALSE(RdfRead::xml(bad, kAt)) << bad.substr(0, 60);
  auto outside =
      RdfRead::xml("<!DOCTYPE r [<!ENTITY f SYSTEM \"file:///etc/hostname\">]><r xmlns=\"http://r/\"><p>[&f;]</p></r>", kAt);
  ASSERT_TRUE(outside);
  EXPECT_EQ(outside->text(outside->subjects().at(0), "http://r/p"), "[]");
}

TEST(RdfReadTest, Turtle) {
  auto graph = RdfRead::turtle(R"(@prefix dct: <http://purl.org/dc/terms/> .
    </dataset/1> a <http://www.w3.org/ns/dcat#Dataset> ; # [ [ [
      dct:title "公[[[园"@zh , """Par"ks [[["""@en ; dct:publisher [ dct:title 'Dept (((' ] .)",
                               kAt);
  ASSERT_TRUE(graph) << graph.error().text.en;
  EXPECT_EQ(graph->text("https://data.example.gov/dataset/1", "http://purl.org/dc/terms/title"), "公[[[园");
  auto publisher = graph->objects("https://data.example.gov/dataset/1", "http://purl.org/dc/terms/publisher");
  ASSERT_EQ(publisher.size(), 1U);
  EXPECT_EQ(graph->text(publisher[0]->text, "http://purl.org/dc/terms/title"), "Dept (((");
  for (const auto& bad : {std::string("<a> <b> "), std::string("x:a x:b x:c ."), std::string("\xFF"), std::string("a\0b", 3),
                          "<a> <b> " + std::string(100, '['), "<a> <b> " + std::string(100, '(')})
    EXPECT_FALSE(RdfRead::turtle(bad, kAt)) << bad;
  EXPECT_FALSE(RdfRead::jsonld(std::string(200, '[') + std::string(200, ']'), kAt));
  EXPECT_THAT(RdfRead::read("<?xml version=\"1.0\"?><rdf:RDF/>", "", kAt).error().text.en, HasSubstr("RDF/XML"));
}

TEST(RemoteTest, CkanIsCutToSizeAndProblemsAreTold) {
  auto page = read_ckan(R"x({"success": true, "result": {"count": 4, "results": [
    {"id": "1", "name": "parks", "title": " 公园 ", "notes": null, "tags": [{"name": "a"}, {"display_name": "a"}, "x", {"name": ""}],
     "extras": [{"key": "frequency", "value": "annual"}],
     "resources": [{"name": "f", "format": "CSV", "url": "https://x/y.csv"}, {"url": "javascript:alert(1)"}, {"url": "ftp://x/y"}, 7]},
    {"name": "no-id", "title": "x"}, {"id": "3"}, 5]}})x",
                        "https://data.example.gov");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->total, 4);
  ASSERT_EQ(page->datasets.size(), 1U);
  const auto& d = page->datasets[0];
  EXPECT_EQ(d.title, "公园");
  EXPECT_EQ(d.update_cycle, "yearly");
  EXPECT_EQ(d.page, "https://data.example.gov/dataset/parks");
  EXPECT_THAT(d.tags, ElementsAre("a"));
  EXPECT_EQ(json::serialize(d.files), R"x([{"title":"f","format":"CSV","url":"https://x/y.csv"}])x");
  EXPECT_EQ(page->problems.size(), 3U);
  EXPECT_EQ(json::serialize(to_json(remote_of(to_json(d)))), json::serialize(to_json(d)));
  for (const char* bad : {"", "<html>", "[]", R"x({"success": false, "result": {"results": []}})x", R"x({"success": true})x"})
    EXPECT_FALSE(read_ckan(bad, "https://x")) << bad;
  auto long_one =
      read_ckan(R"x({"success": true, "result": {"results": [{"id": "1", "title": ")x" + std::string(900, 'x') + R"x("}]}})x",
                "https://x");
  ASSERT_TRUE(long_one);
  EXPECT_LE(long_one->datasets.at(0).title.size(), 202U);  // 199 letters and an ellipsis
}

TEST(RemoteTest, WalksToTheEndAndNoFurther) {
  std::vector<std::string> asked;
  auto ttl = [](const std::string& next) {
    return "@prefix d: <http://www.w3.org/ns/dcat#> . <#c> a d:Catalog . <#d> a d:Dataset ; <http://purl.org/dc/terms/title> "
           "\"x\" . <#p> "
           "<http://www.w3.org/ns/hydra/core#next> <" +
           next + "> .";
  };
  auto fetch = [&](const std::map<std::string, std::string>& pages) {
    return [&asked, pages](const std::string& at, const std::string&) -> Result<sources::Document> {
      asked.push_back(at);
      return sources::Document{.body = pages.at(at), .type = "text/turtle", .address = at};
    };
  };
  std::size_t taken = 0;
  auto take = [&](RemotePage& page) -> Result<void> {
    taken += page.datasets.size();
    return {};
  };
  auto walked = walk("dcat", "http://a/1", 100, fetch({{"http://a/1", ttl("2")}, {"http://a/2", ttl("/1")}}), take);
  ASSERT_TRUE(walked);
  EXPECT_TRUE(walked->whole);
  EXPECT_THAT(asked, ElementsAre("http://a/1", "http://a/2"));
  EXPECT_EQ(taken, 2U);
  walked = walk("dcat", "http://a/1", 100, fetch({{"http://a/1", ttl("http://b/2")}}), take);
  ASSERT_TRUE(walked);
  EXPECT_FALSE(walked->whole);
  EXPECT_EQ(walked->problems.size(), 1U);
  walked = walk("dcat", "http://a/1", 0, fetch({{"http://a/1", ttl("2")}}), take);
  ASSERT_TRUE(walked);
  EXPECT_FALSE(walked->whole);
}

}  // namespace
}  // namespace qushu::opendata
