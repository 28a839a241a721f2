// Pages drawn with Pango on a PDF surface of Cairo, which embeds the glyphs that were used.
#include <algorithm>
#include <memory>
#include <mutex>

#include <cairo-pdf.h>
#include <fmt/format.h>
#include <pango/pangocairo.h>

#include "qushu/base/text.h"
#include "qushu/print/print.h"

namespace qushu::print {
namespace {

constexpr double kPoints = 72 / 25.4;  // of a millimetre
constexpr double kShort = 210 * kPoints, kLong = 297 * kPoints;
constexpr double kMargin = 18 * kPoints, kFoot = 12 * kPoints;
constexpr double kPadding = 3.5, kLine = 0.6;
constexpr double kTitleSize = 16, kNoteSize = 9, kCellSize = 9, kSmallest = 6.5;
constexpr const char* kFamily = "Noto Serif CJK SC, Noto Sans CJK SC, serif";
constexpr const char* kHeadFamily = "Noto Sans CJK SC, Noto Serif CJK SC, sans-serif";

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
struct FreeFont {
  void operator()(PangoFontDescription* font) const { pango_font_description_free(font); }
};
struct EndSurface {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
};
struct EndCairo {
  void operator()(cairo_t* cairo) const { cairo_destroy(cairo); }
};
using Layout = std::unique_ptr<PangoLayout, Unref>;

// Fontconfig and Pango's font maps are shared by the process; documents are rare and short.
std::mutex& drawing() {
  static std::mutex mutex;
  return mutex;
}

cairo_status_t append(void* out, const unsigned char* bytes, unsigned length) {
  static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), length);
  return CAIRO_STATUS_SUCCESS;
}

PangoAlignment pango(Align align) {
  return align == Align::left ? PANGO_ALIGN_LEFT : align == Align::centre ? PANGO_ALIGN_CENTER : PANGO_ALIGN_RIGHT;
}

bool has_chinese() {
  std::unique_ptr<PangoContext, Unref> context(pango_font_map_create_context(pango_cairo_font_map_get_default()));
  Layout layout(pango_layout_new(context.get()));
  std::unique_ptr<PangoFontDescription, FreeFont> font(pango_font_description_from_string(kFamily));
  pango_layout_set_font_description(layout.get(), font.get());
  pango_layout_set_text(layout.get(), "预算收支", -1);
  return pango_layout_get_unknown_glyphs_count(layout.get()) == 0;
}

class Pages {
 public:
  Pages(const Document& document, std::string& out)
      : document_(document),
        surface_(cairo_pdf_surface_create_for_stream(append, &out, kShort, kLong)),
        cairo_(cairo_create(surface_.get())) {
    cairo_pdf_surface_set_metadata(surface_.get(), CAIRO_PDF_METADATA_TITLE, document.title.c_str());
    cairo_pdf_surface_set_metadata(surface_.get(), CAIRO_PDF_METADATA_CREATOR, "Qushu");
  }

  cairo_status_t run() {
    for (const auto& table : document_.tables) draw(table);
    cairo_surface_finish(surface_.get());
    auto status = cairo_surface_status(surface_.get());
    return status == CAIRO_STATUS_SUCCESS ? cairo_status(cairo_.get()) : status;
  }

 private:
  Layout text(std::string_view value, const char* family, double size, bool bold, double width, Align align) {
    Layout layout(pango_cairo_create_layout(cairo_.get()));
    std::unique_ptr<PangoFontDescription, FreeFont> font(pango_font_description_from_string(family));
    pango_font_description_set_absolute_size(font.get(), size * PANGO_SCALE);
    if (bold) pango_font_description_set_weight(font.get(), PANGO_WEIGHT_BOLD);
    pango_layout_set_font_description(layout.get(), font.get());
    pango_layout_set_text(layout.get(), value.data(), static_cast<int>(value.size()));
    pango_layout_set_width(layout.get(), static_cast<int>(width * PANGO_SCALE));
    pango_layout_set_wrap(layout.get(), PANGO_WRAP_WORD_CHAR);
    pango_layout_set_alignment(layout.get(), pango(align));
    return layout;
  }
  static double height(PangoLayout* layout) {
    int w = 0, h = 0;
    pango_layout_get_size(layout, &w, &h);
    return static_cast<double>(h) / PANGO_SCALE;
  }
  void show(PangoLayout* layout, double x, double y) {
    cairo_move_to(cairo_.get(), x, y);
    pango_cairo_show_layout(cairo_.get(), layout);
  }

  void begin_page(const Table& table) {
    width_ = table.landscape ? kLong : kShort;
    height_ = table.landscape ? kShort : kLong;
    cairo_pdf_surface_set_size(surface_.get(), width_, height_);
    ++page_;
    y_ = kMargin;
  }
  void end_page() {
    auto number = text(fmt::format("— {} —", page_), kFamily, kNoteSize, false, width_ - 2 * kMargin, Align::centre);
    show(number.get(), kMargin, height_ - kFoot - height(number.get()) / 2);
    if (!document_.footer.empty()) {
      auto foot = text(document_.footer, kFamily, kNoteSize - 1, false, (width_ - 2 * kMargin) * 0.42, Align::left);
      show(foot.get(), kMargin, height_ - kFoot - height(foot.get()) / 2);
    }
    cairo_show_page(cairo_.get());
  }

  void draw_title(const Table& table, bool again) {
    auto inner = width_ - 2 * kMargin;
    const char* more = !again ? "" : document_.lang == Lang::zh ? "（续）" : " (continued)";
    auto title = text(table.title + more, kHeadFamily, again ? kTitleSize - 3 : kTitleSize, true, inner, Align::centre);
    show(title.get(), kMargin, y_);
    y_ += height(title.get()) + 8;
    if (table.left.empty() && table.right.empty()) return;
    auto left = text(table.left, kFamily, kNoteSize, false, inner * 0.7, Align::left);
    auto right = text(table.right, kFamily, kNoteSize, false, inner * 0.3, Align::right);
    show(left.get(), kMargin, y_);
    show(right.get(), kMargin + inner * 0.7, y_);
    y_ += std::max(height(left.get()), height(right.get())) + 3;
  }

  struct Grid {
    std::vector<Placed> cells;
    std::vector<Layout> layouts;
    std::vector<double> heights;  // of rows
  };

  // The text of a cell, in a size in which its longest figure fits on a line.
  Layout cell_text(const Cell& cell, const Column& column, double width, bool head) {
    auto align = head ? cell.align.value_or(Align::centre) : cell.align.value_or(column.align);
    for (double size = kCellSize;; size -= 0.5) {
      auto layout = text(cell.text, head ? kHeadFamily : kFamily, size, head || cell.bold, width, align);
      bool figure = align == Align::right && !cell.text.empty() && !cell.text.contains('\n');
      if (!figure || pango_layout_get_line_count(layout.get()) <= 1 || size <= kSmallest) return layout;
    }
  }

  Grid measure(const Table& table, const std::vector<Row>& rows, bool head) {
    Grid grid{.cells = place(rows, table.columns.size()),
              .layouts = {},
              .heights = std::vector<double>(rows.size(), kCellSize + 2 * kPadding + 3)};
    for (const auto& at : grid.cells) {
      double width = 0;
      for (int c = 0; c < std::max(1, at.cell->columns); ++c) width += widths_[at.column + static_cast<std::size_t>(c)];
      grid.layouts.push_back(cell_text(*at.cell, table.columns[at.column], width - 2 * kPadding, head));
    }
    auto grow = [&](bool spanning) {
      for (std::size_t i = 0; i < grid.cells.size(); ++i) {
        const auto& at = grid.cells[i];
        auto span = static_cast<std::size_t>(std::max(1, at.cell->rows));
        if ((span > 1) != spanning) continue;
        span = std::min(span, rows.size() - at.row);
        double have = 0;
        for (std::size_t r = 0; r < span; ++r) have += grid.heights[at.row + r];
        auto need = height(grid.layouts[i].get()) + 2 * kPadding;
        if (need > have) grid.heights[at.row + span - 1] += need - have;
      }
    };
    grow(false);
    grow(true);
    return grid;
  }

  // The cells that begin in rows [first, last).
  void draw_rows(const Grid& grid, std::size_t first, std::size_t last, bool head) {
    auto* c = cairo_.get();
    cairo_set_line_width(c, kLine);
    for (std::size_t i = 0; i < grid.cells.size(); ++i) {
      const auto& at = grid.cells[i];
      if (at.row < first || at.row >= last) continue;
      double x = kMargin, y = y_, w = 0, h = 0;
      for (std::size_t k = 0; k < at.column; ++k) x += widths_[k];
      for (auto r = first; r < at.row; ++r) y += grid.heights[r];
      for (int k = 0; k < std::max(1, at.cell->columns); ++k) w += widths_[at.column + static_cast<std::size_t>(k)];
      for (auto r = at.row; r < std::min(last, at.row + static_cast<std::size_t>(std::max(1, at.cell->rows))); ++r)
        h += grid.heights[r];
      if (head) {
        cairo_set_source_rgb(c, 0.93, 0.94, 0.96);
        cairo_rectangle(c, x, y, w, h);
        cairo_fill(c);
      }
      cairo_set_source_rgb(c, 0, 0, 0);
      cairo_rectangle(c, x, y, w, h);
      cairo_stroke(c);
      auto inside = height(grid.layouts[i].get());
      show(grid.layouts[i].get(), x + kPadding, y + std::max(kPadding, (h - inside) / 2));
    }
    for (auto r = first; r < last; ++r) y_ += grid.heights[r];
  }

  // Where a row may end a page: not inside a cell that spans further.
  static std::vector<bool> breakable(const Grid& grid) {
    std::vector<bool> out(grid.heights.size() + 1, true);
    for (const auto& at : grid.cells)
      for (int r = 1; r < at.cell->rows; ++r)
        if (at.row + static_cast<std::size_t>(r) < out.size()) out[at.row + static_cast<std::size_t>(r)] = false;
    return out;
  }

  void draw(const Table& table) {
    begin_page(table);
    auto inner = width_ - 2 * kMargin;
    double shares = 0;
    for (const auto& column : table.columns) shares += column.width;
    widths_.clear();
    for (const auto& column : table.columns) widths_.push_back(inner * column.width / shares);
    auto head = measure(table, table.head, true), body = measure(table, table.rows, false);
    auto breaks = breakable(body);
    auto bottom = height_ - kMargin - kFoot;
    draw_title(table, false);
    draw_rows(head, 0, head.heights.size(), true);
    std::size_t first = 0;
    while (first < body.heights.size()) {
      double space = bottom - y_;
      std::size_t last = first, good = first;
      for (double used = 0; last < body.heights.size() && used + body.heights[last] <= space;) {
        used += body.heights[last++];
        if (breaks[last]) good = last;
      }
      // A group that is higher than a page is cut where the page ends.
      if (good == first) good = std::max(last, first + 1);
      draw_rows(body, first, good, false);
      first = good;
      if (first == body.heights.size()) break;
      end_page();
      begin_page(table);
      draw_title(table, true);
      draw_rows(head, 0, head.heights.size(), true);
    }
    if (!table.note.empty()) {
      auto note = text(table.note, kFamily, kNoteSize, false, inner, Align::left);
      if (y_ + height(note.get()) + 6 > bottom) {
        end_page();
        begin_page(table);
      }
      show(note.get(), kMargin, y_ + 6);
    }
    end_page();
  }

  const Document& document_;
  std::unique_ptr<cairo_surface_t, EndSurface> surface_;
  std::unique_ptr<cairo_t, EndCairo> cairo_;
  std::vector<double> widths_;
  double width_ = 0, height_ = 0, y_ = 0;
  int page_ = 0;
};

}  // namespace

Result<std::string> pdf(const Document& document) {
  std::lock_guard lock(drawing());
  if (!has_chinese())
    return fail(Code::unavailable, "print.font", "服务器上没有中文字体，生成不了 PDF：请安装软件包 fonts-noto-cjk。",
                "The server has no Chinese font to make a PDF with: install the package fonts-noto-cjk.");
  std::string out;
  auto status = Pages(document, out).run();
  if (status != CAIRO_STATUS_SUCCESS) return fail_internal(fmt::format("pdf: {}", cairo_status_to_string(status)));
  return out;
}

}  // namespace qushu::print
