// Where a Scanner (engine.h) puts its rows: straight into the vectors that the engine works on. All of it is inline, since
// every cell of every file that is loaded comes through here.
//
// Columns are counted as in TableSource::open(), rows from 0 to capacity() - 1. A value may be put again over another one of
// its row; a null stays. Used by one thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace qushu::engine {

// A text in a vector, laid out as the engine's own: up to twelve bytes lie in it, of longer ones it holds the first four and
// where they are.
struct TextSlot {
  static constexpr std::size_t kInside = 12;
  std::uint32_t length = 0;
  char front[4] = {};      // NOLINT(cppcoreguidelines-avoid-c-arrays): the layout is given
  std::uint64_t rest = 0;  // the other bytes, or the address of all of them

  // Of at most kInside bytes. What is unused must be zero, since the engine compares whole words.
  void put_inside(std::string_view text) {
    const char* at = text.data();
    auto size = text.size();
    std::uint64_t low = 0, high = 0;
    // Two overlapping reads of a fixed width instead of one of any.
    if (size >= 8) {
      low = read<std::uint64_t>(at);
      high = std::uint64_t{read<std::uint32_t>(at + size - 4)} >> (8 * (12 - size));
    } else if (size >= 4) {
      low = read<std::uint32_t>(at) | std::uint64_t{read<std::uint32_t>(at + size - 4)} << (8 * (size - 4));
    } else if (size > 0) {
      auto byte = [&](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i); };
      low = byte(0) | byte(size / 2) | byte(size - 1);
    }
    length = static_cast<std::uint32_t>(size);
    std::memcpy(front, &low, sizeof front);
    rest = low >> 32U | high << 32U;
  }
  // Of more; the bytes stay where they are.
  void put_outside(std::string_view text) {
    length = static_cast<std::uint32_t>(text.size());
    std::memcpy(front, text.data(), sizeof front);
    rest = reinterpret_cast<std::uintptr_t>(text.data());  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
  }

 private:
  template <class T>
  static T read(const char* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
};

class ChunkWriter {
 public:
  [[nodiscard]] std::size_t capacity() const { return capacity_; }  // rows that fit: 2048
  // Arrays of capacity().
  [[nodiscard]] std::int64_t* integers(std::size_t column) {
    return array<std::int64_t>(column);
  }  // integer; datetime, time: µs
  [[nodiscard]] double* numbers(std::size_t column) { return array<double>(column); }            // number
  [[nodiscard]] bool* booleans(std::size_t column) { return array<bool>(column); }               // boolean
  [[nodiscard]] std::int32_t* dates(std::size_t column) { return array<std::int32_t>(column); }  // days since 1970-01-01
  void set_decimal(std::size_t column, std::size_t row, __int128 unscaled) {
    // Decimals are stored in the smallest integer that holds their width.
    auto width = slots_[column].width;
    if (width <= 4)
      array<std::int16_t>(column)[row] = static_cast<std::int16_t>(unscaled);
    else if (width <= 9)
      array<std::int32_t>(column)[row] = static_cast<std::int32_t>(unscaled);
    else if (width <= 18)
      array<std::int64_t>(column)[row] = static_cast<std::int64_t>(unscaled);
    else
      array<__int128>(column)[row] = unscaled;
  }
  // Texts must be UTF-8.
  void set_text(std::size_t column, std::size_t row, std::string_view text) {
    if (text.size() <= TextSlot::kInside)
      array<TextSlot>(column)[row].put_inside(text);
    else
      copy_text(column, row, text);
  }
  // The same for bytes that stay where they are until the scanner's next fill(): they are read there and not copied first.
  void lend_text(std::size_t column, std::size_t row, std::string_view text) {
    // The engine copies what it keeps beyond a batch, and asks for the next batch when it is done with this one.
    auto& slot = array<TextSlot>(column)[row];
    if (text.size() <= TextSlot::kInside)
      slot.put_inside(text);
    else
      slot.put_outside(text);
  }
  void set_null(std::size_t column, std::size_t row) {
    auto* validity = slots_[column].validity;
    if (validity == nullptr) validity = make_validity(column);
    validity[row / 64] &= ~(std::uint64_t{1} << (row % 64));
  }

 protected:
  struct Slot {
    void* vector = nullptr;  // the engine's
    void* data = nullptr;
    std::uint64_t* validity = nullptr;  // made when the first null comes
    std::uint8_t width = 0;             // of a decimal
  };
  ChunkWriter(std::size_t capacity, std::vector<Slot> slots) : capacity_(capacity), slots_(std::move(slots)) {}
  ~ChunkWriter() = default;

 private:
  template <class T>
  [[nodiscard]] T* array(std::size_t column) {
    return static_cast<T*>(slots_[column].data);
  }
  void copy_text(std::size_t column, std::size_t row, std::string_view text);
  std::uint64_t* make_validity(std::size_t column);

  std::size_t capacity_;
  std::vector<Slot> slots_;
};

}  // namespace qushu::engine
