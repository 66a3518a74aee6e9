// Scratchpad with one address as it stands in a PE: its address comes from a register, the word read goes to one, and
// beside it is a longer path, a product. For synthesis alone: what is around it is cut off and counts for nothing.
//   wen        1, in           word addr takes wdata at this edge
//   next_addr  ADDR_BITS, in   the address from this edge on
//   wdata      WIDTH, in
//   rdata_q    WIDTH, out      the word that was read before this edge
//   a, b       8, in           factors
//   product    16, out         product of the factors of two edges ago
module spad_surrounded #(
    parameter DEPTH = 16,
    parameter WIDTH = 16,
    parameter ADDR_BITS = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
    input                  clk,
    input                  wen,
    input  [ADDR_BITS-1:0] next_addr,
    input  [WIDTH-1:0]     wdata,
    output reg [WIDTH-1:0] rdata_q,
    input  [7:0]           a,
    input  [7:0]           b,
    output reg [15:0]      product
);
    reg [ADDR_BITS-1:0] addr;
    wire [WIDTH-1:0] rdata;
    spad_one_address #(.DEPTH(DEPTH), .WIDTH(WIDTH)) spad (
        .clk(clk), .wen(wen), .addr(addr), .wdata(wdata), .rdata(rdata)
    );
    reg [7:0] a_q, b_q;
    always @(posedge clk) begin
        addr <= next_addr;
        rdata_q <= rdata;
        a_q <= a;
        b_q <= b;
        product <= a_q * b_q;
    end
endmodule
